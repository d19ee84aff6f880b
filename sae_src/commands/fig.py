"""The command `fig`: omnifig's, in a project that the user chose."""

import sys
from pathlib import Path

import omnifig

from omnilearn.config.exit_codes import USER_ERROR
from omnilearn.config.project import choose_project
from omnilearn.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run what the command line says."""
    try:
        project = choose_project(Path.cwd(), ROOT)
    except (UserError, FileNotFoundError) as error:  # the current folder may be gone
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(USER_ERROR) from None
    omnifig.switch_project(project)
    omnifig.entry()
