"""What this software asks of the operating system."""

import ctypes
import subprocess
import sys

import pytest

# A large block that is freed and asked for again: how many pages the system had to clear for it, after the first times.
_PAGES = """
import resource
import torch
from omnilearn.system import keep_freed_memory
if {keeps}:
    keep_freed_memory()
for _ in range(8):
    torch.ones(25_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    torch.ones(25_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not the GNU C library")
def test_freed_memory_is_kept() -> None:
    """Without that the system clears 100 MB for each of the three blocks."""

    def pages(keeps: bool) -> int:
        code = _PAGES.format(keeps=keeps)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert pages(keeps=True) * 100 < pages(keeps=False)
