"""Processes of this machine."""

import os


def is_at_work(process: int) -> bool:
    """Whether another process of that number is running on this machine."""
    if process == os.getpid():  # a new process in a new container often has the number of the old one
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
