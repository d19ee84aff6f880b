"""Where a model runs: the device of a name, and moving a network there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from omnilearn.errors import UserError, first_line

Network = TypeVar("Network", bound=nn.Module)

MOST_THREADS = 1024


def check_threads(threads: int | None) -> None:
    """Raise `UserError` for a number of threads that torch cannot be told."""
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise UserError(f"threads: must be from 1 to {MOST_THREADS}, got {threads}")


@contextmanager
def on_threads(threads: int | None) -> Iterator[None]:
    """Run the block on so many threads of the CPU; None for as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pick_device(name: str | None) -> torch.device:
    """The device of that name; by default the GPU where there is one, else the CPU.

    Raises `UserError` for a device that this machine does not have.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise UserError(f"device: expected cpu, cuda or cuda:N, got '{name}'")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        others = "--device cuda for another GPU, or --device cpu" if torch.cuda.is_available() else "--device cpu"
        raise UserError(f"device: cannot use '{name}' on this machine: {first_line(error)}; try {others}") from None
    return device


def to_device(network: Network, device: torch.device) -> Network:
    """A network on its device, with the channels of its convolutions last in memory.

    Images go through them in two thirds of the time on a CPU, and faster on a GPU too; vectors do not mind.
    """
    # torch's types know the two arguments only apart.
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


# Values of the observations in a batch at which passes are fastest: measured on CPUs, where features of larger batches
# are soon returned to the system when they are freed, and gain nothing else; on a GPU, enough to keep it busy.
_VALUES_AT_ONCE = {"cpu": 2**18, "cuda": 2**23}
_MOST_AT_ONCE = 8192


def fastest_batch_size(values: int, device: torch.device) -> int:
    """The number of observations, each of so many values, that a device gets through a model fastest.

    Training has reasons of its own for a batch size; this is for passes whose results do not depend on it.
    """
    return min(max(_VALUES_AT_ONCE[device.type] // values, 1), _MOST_AT_ONCE)


def describe_device(device: torch.device) -> str:
    """The device and, for a GPU, its model."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)
