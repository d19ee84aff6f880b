"""One pass of a model over a subset of a dataset, without training on it."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from omnilearn.data import BatchSampler, Subset
from omnilearn.device import fastest_batch_size
from omnilearn.errors import UserError, first_line
from omnilearn.layers import flat_size
from omnilearn.model import Model
from omnilearn.progress import Progress
from omnilearn.randomness import undisturbed


@dataclass(frozen=True)
class Evaluation:
    """The result of a pass.

    Attributes:
        scores: the mean of every loss over the samples of the pass.
        first: everything that the model returned for the first batch.
        last: the same for the last batch.
        samples: number of samples in the pass.
    """

    scores: dict[str, float]
    first: dict[str, Any]
    last: dict[str, Any]
    samples: int

    @property
    def not_finite(self) -> list[str]:
        """The names of the scores that are not finite."""
        return not_finite(self.scores)


def not_finite(scores: Mapping[str, float]) -> list[str]:
    """The names of the scores that are not finite; of the `loss` only where none of its terms is to blame."""
    names = [name for name, value in scores.items() if not math.isfinite(value)]
    return [name for name in names if name != "loss"] or names


def evaluate(
    model: Model,
    subset: Subset,
    batches: BatchSampler,
    seed: int,
    *,
    title: str = "evaluation",
    batch_size: int | None = None,
    step_limit: int | None = None,
    stop: Callable[[], BaseException | None] = lambda: None,
) -> Evaluation:
    """Run a model over one epoch of `subset` in evaluation mode, without gradients.

    Every loss is the mean over the samples of the pass. Noise comes from a generator of its own with `seed`: a pass
    gives the same numbers at any time, and changes nothing in the training that goes on after it.

    The observations are those of `batches`, in that order. A model that `is_evaluated_singly` gets all but the first
    and the last batch in parts of another size, which changes no more than the rounding of sums.

    Args:
        model: has `losses(observations)`, which returns a mapping; its single numbers are the losses.
        subset: the observations.
        batches: their batches; read from where it stands to the end of the epoch.
        seed: seed of the noise.
        title: what the pass is called where its progress is shown.
        batch_size: the size of those parts; by default what is fastest for the device.
        step_limit: stop after this many batches.
        stop: asked before every batch; an exception that it returns ends the pass and is raised.
    """
    totals: dict[str, Tensor] = {}
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    samples = 0
    steps = batches.batches_per_epoch if step_limit is None else min(step_limit, batches.batches_per_epoch)
    progress = Progress(min(steps * batches.batch_size, len(subset)), title, "observations")
    positions: Iterator[Tensor] = islice(batches.one_epoch(), steps)
    if model.is_evaluated_singly:
        device = subset.dataset.device
        positions = regrouped(positions, batch_size or fastest_batch_size(flat_size(subset.dataset.din), device))
    with (
        evaluation_mode(model),
        undisturbed(seed),
        torch.inference_mode(),
        progress,
        closing(observations_at(positions, subset)) as observations,
    ):
        for batch in observations:
            if (reason := stop()) is not None:
                raise reason
            last = model.losses(batch)
            first = first or last
            samples += len(batch)
            progress.update(len(batch))
            for name, value in losses_in(last):
                # In double precision on the device: read once at the end.
                total = value.double() * len(batch)
                totals[name] = totals[name] + total if name in totals else total
    scores = {name: total.item() / samples for name, total in totals.items()}  # the host waits for the device
    return Evaluation(scores, first, last, samples)


def regrouped(batches: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """The first and the last of some batches of positions as they are, and between them the rest in parts of a size."""
    first, *others = batches
    yield first
    if len(others) > 1:
        yield from torch.cat(others[:-1]).split(size)
    yield from others[-1:]


def observations_at(batches: Iterable[Tensor], subset: Subset) -> Generator[Tensor, None, None]:
    """The observations at each of some batches of positions.

    The next ones are read while the last are at work, except for vectors on the CPU: they are in its memory, where
    handing them over would take longer than reading them.
    """
    device = subset.dataset.device
    if isinstance(subset.dataset.din, int) and device.type == "cpu":
        yield from map(subset.batch, batches)
        return
    # A thread begins on the default stream of a GPU; on any other than this thread's, its work would not be waited for.
    stream = torch.cuda.current_stream(device) if device.type == "cuda" else None

    def read(positions: Tensor) -> Tensor:
        with torch.cuda.stream(stream):
            return subset.batch(positions)

    with ThreadPoolExecutor(1) as reader:
        coming: Future[Tensor] | None = None
        for positions in batches:
            now, coming = coming, reader.submit(read, positions)
            if now is not None:
                yield now.result()
        if coming is not None:
            yield coming.result()


def check_batch_size(model: Model, key: str, batch_size: int | None) -> None:
    """Raise `UserError` where a batch size, the value of `key`, is no number of observations, or the losses of the
    model depend on the batches that they are computed on: those stay as in training.
    """
    if batch_size is None:
        return
    if batch_size < 1:
        raise UserError(f"{key}: must be at least 1, got {batch_size}")
    if not model.is_evaluated_singly:
        raise UserError(f"{key}: the scores of this method depend on the batches, which are those of training: omit it")


def check_fit(model: nn.Module, observations: Tensor, use: Callable[[Tensor], object], seed: int) -> None:
    """Use a model on a few observations, so that what does not fit is known before anything is written.

    No random number that anything else uses is spent.

    Args:
        model: the model; in evaluation mode meanwhile.
        observations: two of them are enough.
        use: what it is used for, such as its `losses`.
        seed: seed of the noise.

    Raises `UserError` where the model cannot take them.
    """
    try:
        with evaluation_mode(model), undisturbed(seed), torch.no_grad():
            use(observations)
    except UserError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        raise UserError(f"the model and its criterion do not fit the data: {first_line(error)}") from error


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Run the block with a model in evaluation mode, and put it back into its own."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def losses_in(result: dict[str, Any]) -> Iterable[tuple[str, Tensor]]:
    """The single numbers among what a model's `losses` returned."""
    return ((name, value) for name, value in result.items() if isinstance(value, Tensor) and value.dim() == 0)
