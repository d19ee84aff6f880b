"""The command line of the project: `python main.py train demo` is `fig train demo`, from any folder."""

from pathlib import Path

from sae_src.commands.fig import run

if __name__ == "__main__":
    run(Path(__file__).resolve().parent)
