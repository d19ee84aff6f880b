"""Seeds: one call that seeds everything, and a way to draw without disturbing the training."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

# numpy takes 32 bits; torch and python take more, but one seed has to do for all.
LARGEST_SEED = 2**32 - 1


def seed_everything(seed: int) -> None:
    """Seed python, numpy and torch (CPU and every GPU)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def next_epoch_seed(seed: int) -> int:
    """The seed of the epoch after the one with `seed`: 32 bits of python's generator (0 leads to 3626764237)."""
    return random.Random(seed).getrandbits(32)


def derived_seed(seed: int, purpose: str) -> int:
    """The seed, 32 bits, of a generator for one purpose, such as `pairs`: no two purposes draw the same numbers."""
    return random.Random(f"{purpose} {seed}").getrandbits(32)


def generator_states() -> dict[str, Any]:
    """The states of every global generator, as tensors and plain data."""
    state = np.random.get_state()
    assert isinstance(state, tuple)  # the form that is asked for by default
    name, keys, position, has_gauss, gauss = state
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def set_generator_states(states: dict[str, Any]) -> None:
    """Put every global generator where `generator_states` found it."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])


@contextmanager
def undisturbed(seed: int) -> Iterator[None]:
    """Run the block with torch's global generators seeded by `seed`, and put them back to where they were."""
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
