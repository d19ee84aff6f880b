"""What makes training faster here: the number of threads, and whether the losses are compiled."""

import copy
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.distributions import Normal

from omnilearn.errors import UserError, first_line
from omnilearn.model import Model
from omnilearn.randomness import undisturbed

Losses = Callable[[Tensor], dict[str, Any]]
Choice = bool | Literal["auto", "graphs"]

# Of the time of a step, what compiling saves for vectors on a CPU, and how long it may take: both on the safe side.
_SHARE_SAVED = 0.2
_SECONDS_TO_COMPILE = 60.0
# One more thread has to save more than this share of a step: other processes can use it, too.
_WORTH_A_THREAD = 0.1
# For a GPU: passes are replayed as graphs; convolutions have their channels last, which torch leaves aside where they
# are few; and what is read more than once is written to memory once, where torch would compute it at each reading.
_ON_A_GPU = {"triton.cudagraphs": True, "force_layout_optimization": True, "realize_reads_threshold": 2}


@dataclass(frozen=True)
class Compilation:
    """Whether the losses of a training are compiled, and why.

    Attributes:
        graphs: whether their passes are replayed as CUDA graphs.
        otherwise: what a user can do where that fails.
    """

    compiled: bool = False
    reason: str = ""
    graphs: bool = False
    otherwise: str = "--compile no does without"

    @property
    def described(self) -> str:
        """In words, for people."""
        return f"{'compiled' if self.compiled else 'not compiled'}: {self.reason}"


def choose_compilation(
    wanted: Choice,
    *,
    device: torch.device,
    images: bool,
    steps: int,
    seconds: Callable[[], float],
    seconds_compiled: Callable[[], float],
) -> Compilation:
    """Whether to compile the losses: as a key says or, for `auto`, where it pays. On a GPU that is tried out.

    Args:
        wanted: the key.
        device: where the model is.
        images: whether it has convolutions, which are slower compiled on a CPU.
        steps: training steps to do.
        seconds: measures the time of a step as it is; asked only where it matters.
        seconds_compiled: measures that of a compiled one; likewise.

    Raises `UserError` where it is wanted, and there is no C++ compiler.
    """
    if wanted is False:
        return Compilation()
    if device.type == "cpu" and wanted == "graphs":
        raise UserError("compile: CUDA graphs need a GPU; --compile yes is for a CPU too")
    if device.type == "cpu" and not has_cpp_compiler():
        if wanted is True:
            raise UserError(
                "compile: needs a C++ compiler, such as g++, and there is none: --compile no, or install it"
            )
        return Compilation(False, "there is no C++ compiler")
    graphs = replays_graphs(device)
    if wanted in (True, "graphs"):
        return Compilation(True, "as asked for", graphs)
    if device.type == "cuda":
        return _tried(steps, seconds, seconds_compiled, graphs=graphs)
    if images:
        return Compilation(False, "on a CPU, convolutions are faster as they are")
    saved = steps * seconds() * _SHARE_SAVED
    why = f"{steps:,} steps would save about {saved:.0f} s, and compiling takes up to {_SECONDS_TO_COMPILE:.0f} s"
    return Compilation(saved > _SECONDS_TO_COMPILE, why)


def _tried(
    steps: int, seconds: Callable[[], float], seconds_compiled: Callable[[], float], *, graphs: bool
) -> Compilation:
    """Whether a compiled step is the faster one; no where torch fails to compile it, or the training is over sooner."""
    before = seconds()
    if steps * before < _SECONDS_TO_COMPILE:
        why = f"{steps:,} steps take about {steps * before:.0f} s, and compiling up to {_SECONDS_TO_COMPILE:.0f} s"
        return Compilation(False, why)
    try:
        after = seconds_compiled()
    except Exception as error:
        if (reason := why_not_compiled(error)) is None:
            raise
        return Compilation(False, reason)
    return Compilation(after < before, f"a step takes {1000 * before:.3g} ms, {1000 * after:.3g} ms compiled", graphs)


def why_not_compiled(error: Exception) -> str | None:
    """What an error says of why losses cannot be compiled; nothing where it does not come from the compiler."""
    if isinstance(error, CompilerError):
        return error.reason
    return f"torch cannot: {first_line(error)}" if _is_the_compilers(error) else None


def _is_the_compilers(error: Exception) -> bool:
    """Whether an error comes from torch's compiler, or from code that it made."""
    kind = type(error).__module__
    frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(name.startswith(("torch._dynamo", "torch._inductor")) for name in (kind, *frames))


def replays_graphs(device: torch.device) -> bool:
    """Whether compiled passes are replayed as CUDA graphs: on a GPU, where the host limits small models otherwise."""
    return device.type == "cuda"


class CompilerError(UserError):
    """The losses of a model cannot be compiled."""

    def __init__(self, reason: str, otherwise: str) -> None:
        super().__init__(f"compile: {reason}; {otherwise}")
        self.reason = reason


def compiled(losses: Losses, *, graphs: bool = False, otherwise: str = Compilation.otherwise) -> Losses:
    """A function that computes what `losses` does, to the rounding of float32, with the same random numbers.

    It is compiled when it is first called for observations of a size, and then raises `CompilerError` where torch
    cannot. The model keeps its parameters and their names.

    Args:
        losses: the losses of a model.
        graphs: replay passes as CUDA graphs: tensors of a result are then gone when the next one is computed.
        otherwise: what a user can do where torch cannot.
    """
    options: dict[str, Any] = {"fallback_random": True}  # else compiled code would draw numbers of its own
    if graphs:
        known = torch._inductor.list_options()  # what they are called may change with torch, and costs only time
        options |= {name: value for name, value in _ON_A_GPU.items() if name in known}

    def owned(observations: Tensor) -> dict[str, Any]:
        return {name: _owned(value) for name, value in losses(observations).items()}

    with _without_warnings():
        function = torch.compile(owned, dynamic=False, options=options)
    at_first = iter([_without_warnings()])

    def run(observations: Tensor) -> dict[str, Any]:
        torch.compiler.cudagraph_mark_step_begin()
        try:
            with next(at_first, nullcontext()):
                return function(observations)
        except RuntimeError as error:
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            raise CompilerError(f"torch cannot: {first_line(error)}", otherwise) from error

    return run


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep what torch's compiler warns of from users, who can change none of it: parts of torch that it uses itself and
    that are deprecated, and that float32 is not TensorFloat-32, on which `precision` decides.

    Where warnings are errors they would end it halfway, and leave the GPU with another stream than it had.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _owned(value: Any) -> Any:
    """A distribution with parameters in memory of their own: torch's compiler fails at halves that are interleaved."""
    if isinstance(value, Normal):
        return Normal(value.loc.clone(), value.scale.clone(), validate_args=False)
    return value


def has_cpp_compiler() -> bool:
    """Whether there is what torch compiles with on a CPU."""
    named = os.environ.get("CXX")
    return any(shutil.which(name) for name in ((named,) if named else ("g++", "clang++", "c++")))


def seconds_per_step(
    model: Model, observations: Tensor, seed: int, *, steps: int = 5, change: Callable[[Losses], Losses] | None = None
) -> float:
    """The time of the losses and their gradients, the least of a few; the model and random numbers stay as they are.

    Args:
        model: the model.
        observations: a batch of training observations (B, *din).
        seed: of the random numbers meanwhile.
        steps: how often it is measured, after a first time.
        change: makes what is measured out of the losses of a copy of the model.
    """
    model = copy.deepcopy(model).train()
    losses = model.losses if change is None else change(model.losses)
    times = []
    with undisturbed(seed):
        for _ in range(steps + 1):  # the first allocates memory
            start = time.perf_counter()
            losses(observations)["loss"].backward()
            if observations.device.type == "cuda":
                torch.cuda.synchronize(observations.device)
            times.append(time.perf_counter() - start)
            model.zero_grad()
    return min(times[1:])


def use_fastest_threads(seconds: Callable[[], float]) -> str:
    """Set the number of CPU threads, up to the present one, with which a step is fastest; says what was measured.

    A sweep gives each of its workers a share of the cores, and so a present number of threads.

    Args:
        seconds: measures the time of a step.
    """
    most = torch.get_num_threads()
    counts = sorted({1, 2, most // 2, most} & set(range(1, most + 1)))
    measured: dict[int, float] = {}
    for count in counts:
        torch.set_num_threads(count)
        measured[count] = seconds()
    best = 1
    for count in counts:
        if measured[count] < measured[best] * (1 - _WORTH_A_THREAD):
            best = count
    torch.set_num_threads(best)
    times = ", ".join(f"{count}: {1000 * each:.3g} ms" for count, each in measured.items())
    return f"{best} measured as the fastest ({times} for a step)"
