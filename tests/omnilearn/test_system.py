"""What this software asks of the operating system."""

import ctypes
import os
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

import sae_src as sae
from omnilearn import system
from omnilearn.system import freed_memory_kept
from omnilearn.training import train

SET_UP = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES")

# A large block that is freed and asked for again: how many pages the system mostly clears for it, without and with the
# memory kept (some blocks do not fit where the last one was); and the MB of the process before, at last, and after.
_PAGES = """
import resource
import statistics
import torch
from omnilearn.system import freed_memory_kept

def cleared():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(25_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def pages():
    return statistics.median_low(cleared() for _ in range(40))

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 2**20

first, at_first = pages(), resident()
with freed_memory_kept():
    kept = pages()
    at_last = resident()
print(first, kept, at_first, at_last, resident())
"""


@pytest.fixture
def asked(monkeypatch):
    """What the allocator was asked for, in a library that stands for the real one."""
    for name in SET_UP:
        monkeypatch.delenv(name, raising=False)
    found = []
    library = SimpleNamespace(
        mallopt=lambda setting, value: found.append((setting, value)), malloc_trim=lambda pad: found.append("trim")
    )
    monkeypatch.setattr(system.ctypes, "CDLL", lambda name: library)
    return found


def test_what_the_allocator_is_asked_for_is_taken_back(asked):
    with pytest.raises(KeyError), freed_memory_kept():
        assert asked == [(-4, 0), (-1, -1)]
        raise KeyError
    assert asked[2:] == [(-4, 65536), (-3, 2**25), (-1, 2**26), "trim"]


@pytest.mark.parametrize("name", SET_UP)
def test_an_allocator_that_is_set_up_from_outside_stays_so(name, asked, monkeypatch):
    monkeypatch.setenv(name, "glibc.malloc.trim_threshold=131072" if name == "GLIBC_TUNABLES" else "131072")
    with freed_memory_kept():
        pass
    assert asked == []


def test_other_libraries_are_left_alone(asked, monkeypatch):
    monkeypatch.setattr(system.ctypes, "CDLL", lambda name: SimpleNamespace())
    with freed_memory_kept():
        pass


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not the GNU C library")
@pytest.mark.slow
def test_freed_memory_is_kept_and_returned():
    environment = {name: value for name, value in os.environ.items() if name not in (*SET_UP, "LD_PRELOAD")}
    done = subprocess.run([sys.executable, "-c", _PAGES], capture_output=True, text=True, check=True, env=environment)
    returned, kept, before, at_last, after = map(int, done.stdout.split())
    if returned < 1000:
        pytest.skip("torch takes its memory from another allocator here")
    assert kept * 10 < returned
    assert at_last > before + 90 and after < before + 50


def test_a_training_on_a_cpu_keeps_memory_for_its_steps(monkeypatch):
    found, steps = [], train.train_steps

    @contextmanager
    def keeping():
        found.append("begin")
        yield
        found.append("end")

    monkeypatch.setattr(train, "freed_memory_kept", keeping)
    monkeypatch.setattr(train, "train_steps", lambda *args: found.append("steps") or steps(*args))
    keys = {"dataset.num_samples": 300, "budget": 2, "device": "cpu", "include-eval": False}
    sae.train("a/conv12", "m/ae", "d/vec", **keys)
    assert found == ["begin", "steps", "end"]
