"""The command `fig`: omnifig's, in a project that the user chose."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run what the command line says, in the project that the user chose."""
    run(None)


def run(project: Path | None) -> None:
    """Run what the command line says in a project; by default the one that the user chose.

    Ctrl-C ends it without a traceback from the first moment on, unless `-t` asks for one.
    """
    try:
        _run(project)
    except KeyboardInterrupt:
        if "-t" in sys.argv:
            raise
        raise SystemExit(130) from None


def _run(project: Path | None) -> None:
    # Not at the top: an interruption of these imports, which take a while, is answered too.
    import omnifig

    from omnilearn.config.exit_codes import USER_ERROR
    from omnilearn.config.project import choose_project
    from omnilearn.errors import UserError

    try:
        project = project or choose_project(Path.cwd(), ROOT)
    except (UserError, FileNotFoundError) as error:  # the current folder may be gone
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(USER_ERROR) from None
    omnifig.switch_project(project)
    omnifig.entry()
