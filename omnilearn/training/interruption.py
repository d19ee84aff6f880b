"""Reasons to stop before the budget is used up: signals, a time limit, a loss that is not a number."""

import math
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from omnilearn.evaluation.evaluate import losses_in

# Exit codes of `fig train`; 0 is a completed run, 1 a bug, 2 a mistake of the user.
TIME_LIMIT, STOPPED, NOT_FINITE = 3, 4, 5
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP)


class Stop(SystemExit):
    """Ends the process with an exit code of its own, after a last message.

    Attributes:
        message: what to say.
        can_go_on: whether resuming leads past what it was that stopped.
    """

    def __init__(self, code: int, message: str, *, can_go_on: bool = True) -> None:
        super().__init__(code)
        self.message, self.can_go_on = message, can_go_on


class Handlers:
    """Has the signals that ask a process to end call a function instead, but for those that are ignored.

    Use as a context manager: the handlers of before are put back at the end.

    Args:
        notice: gets the number of the signal and the frame that it came in.
    """

    def __init__(self, notice: Callable[[int, FrameType | None], None]) -> None:
        self._notice = notice
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Handlers":
        try:
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as SIGHUP is under nohup
                    self._before[number] = signal.signal(number, self._notice)
        except ValueError:  # only the main thread can; in a notebook's thread the signals stay as they are
            self._before.clear()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()


class Interruption:
    """Notices signals and the time limit; the training asks after every step and saves before it stops.

    A second Ctrl-C leaves at once. A signal that is ignored, as SIGHUP is under nohup, stays ignored. Use as a context
    manager: the handlers of before are put back at the end.

    Args:
        hours: time limit, counted from when the block is entered; None for none.
    """

    def __init__(self, hours: float | None = None) -> None:
        self._hours = hours
        self._deadline = math.inf
        self._signal: int | None = None
        self._handlers = Handlers(self._notice)

    def reason(self) -> Stop | None:
        """Why to stop now, if at all."""
        if self._signal is not None:
            return Stop(STOPPED, f"stopped by {signal.Signals(self._signal).name}")
        if time.monotonic() > self._deadline:
            return Stop(TIME_LIMIT, f"stopped by the time limit of {self._hours:g} hours")
        return None

    def __enter__(self) -> "Interruption":
        if self._hours is not None:
            self._deadline = time.monotonic() + 3600 * self._hours
        self._handlers.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._handlers.__exit__(*error)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        self._signal = number


class FiniteGuard:
    """Keeps a loss that is not finite away from the weights.

    On the CPU the loss is looked at before every update. On a GPU that would make the host wait, so torch's fused
    optimisers skip the update on the device instead, and the training finds out before the next hook runs, which waits
    for the device anyway; any other optimiser is treated as on the CPU.

    Args:
        optimisers: what updates the weights, by the names of the losses that they lower.
        device: where they are.
    """

    def __init__(self, optimisers: Mapping[str, torch.optim.Optimizer], device: torch.device) -> None:
        self._optimisers = optimisers
        fused = all(optimiser.defaults.get("fused", False) for optimiser in optimisers.values())
        self._on_device = device.type == "cuda" and fused
        self._names: list[str] = []
        self._bad = torch.zeros((), device=device)  # 1 from the first loss on that was not finite
        self._step = torch.full((), -1.0, device=device)
        self._values: Tensor | None = None

    def before_update(self, result: dict[str, Any], step: int) -> None:
        """Look at the losses of a step before the weights are touched; raises `Stop` where the host looks itself."""
        if not self._on_device:
            if not all(math.isfinite(result[name].item()) for name in self._optimisers):
                self._names, self._values = _stacked(result)
                raise self._stop(step)
            return
        self._names, values = _stacked(result)
        bad = 1 - values.isfinite().all().float()
        newly = (bad > self._bad).float()
        self._step = torch.lerp(self._step, torch.full_like(self._step, step), newly)
        self._values = values if self._values is None else torch.where(newly.bool(), values, self._values)
        self._bad = torch.maximum(self._bad, bad)
        for optimiser in self._optimisers.values():
            # torch's fused optimisers leave the weights alone where it is 1; torch's types do not name it.
            optimiser.found_inf = self._bad  # type: ignore[attr-defined]

    def check(self) -> None:
        """Raise `Stop` if a loss has not been finite (on a GPU the host waits for it here)."""
        if self._on_device and self._bad.item():  # the host waits for the device
            raise self._stop(int(self._step.item()))

    def _stop(self, step: int) -> Stop:
        assert self._values is not None
        terms = [n for n, value in zip(self._names, self._values.tolist(), strict=True) if not math.isfinite(value)]
        # The sum is not finite because a term is: name the terms.
        named = [name for name in terms if name != "loss"] or terms
        message = f"{' and '.join(named)} not finite at step {step}; the weights were not changed by it"
        return Stop(NOT_FINITE, message, can_go_on=False)


def _stacked(result: dict[str, Any]) -> tuple[list[str], Tensor]:
    names, values = zip(*losses_in(result), strict=True)
    return list(names), torch.stack([value.detach().float() for value in values])
