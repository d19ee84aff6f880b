"""The command line of the project: `python main.py train demo` is `fig train demo`, from any folder."""

from pathlib import Path

import omnifig as fig

if __name__ == "__main__":
    fig.switch_project(Path(__file__).resolve().parent)
    fig.entry()
