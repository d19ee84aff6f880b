"""How a process ends: one line and exit code 2 for a user's mistake, a traceback for a bug, help when asked."""

import errno
import logging
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import omnifig as fig

from omnilearn.config.help import help_text
from omnilearn.config.lasting_output import outlast_readers
from omnilearn.config.nodes import Node
from omnilearn.errors import UserError, printable
from omnilearn.versions import library_versions, own_version

USER_ERROR = 2
INTERRUPTED = 130  # as a shell reports Ctrl-C
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class Traceback(fig.Behavior, name="traceback", code="t", priority=1000, description="Show the traceback of an error"):
    """`-t` shows the traceback of a mistake; without it a mistake is one line on stderr and exit code 2."""

    def parse_argv(self, meta: dict[str, Any], argv: Sequence[str], script_name: Any = None) -> list[str]:
        """Before anything is parsed: read `--help` as `-h`, and answer mistakes in one line unless `-t` is there."""
        outlast_readers()
        show_messages_whole()
        if "-t" not in argv:
            sys.excepthook = _report
        if "--version" in argv:
            shown = {"structural-autoencoders": own_version(), **library_versions()}
            print("\n".join(f"{name} {number}" for name, number in shown.items()))
            raise SystemExit(0)
        terms = ["-h" if term == "--help" else term for term in argv if term != "-t"]
        if not terms or "-h" in terms:
            print(help_text(fig.get_current_project(), [term for term in terms if not term.startswith("-")]), end="")
            raise SystemExit(0)
        return terms

    def include(self, meta: Node) -> bool:
        """Nothing to do around a script."""
        return False


def show_messages_whole() -> None:
    """Log messages with their values filled in: omnifig's handler shows the pattern alone."""
    for handler in logging.root.handlers:
        if handler.formatter is not None and "%(msg)s" in (handler.formatter._fmt or ""):
            handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))


def cannot_use(error: OSError) -> UserError:
    """The error for a file or folder that the system refuses."""
    place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return UserError(f"{place}{error.strerror}; check the path, the permissions and the disk")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _OF_THE_DISK):
        error = cannot_use(error)
    if isinstance(error, UserError):
        print(f"error: {printable(str(error))}", file=sys.stderr)
        raise SystemExit(USER_ERROR)
    if isinstance(error, KeyboardInterrupt):
        raise SystemExit(INTERRUPTED)
    sys.__excepthook__(kind, error, trace)
