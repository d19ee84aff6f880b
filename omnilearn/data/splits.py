"""One dataset in several parts (train, val), and the order in which their batches come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from omnilearn.data.dataset import Dataset
from omnilearn.errors import UserError
from omnilearn.randomness import next_epoch_seed


@dataclass(frozen=True)
class Part:
    """Some of a dataset's observations."""

    dataset: Dataset
    indices: Tensor

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, positions: Tensor) -> Tensor:
        """The observations (B, *din) at `positions` (B,) of this part."""
        return self.dataset.batch(self.indices.index_select(0, positions))


def split(dataset: Dataset, ratios: Mapping[str, float], *, shuffle: bool = True) -> dict[str, Part]:
    """Cut a dataset into parts: one for each name in `ratios`, and `train` for the rest.

    The order comes from torch's global generator: a random permutation whose first round(ratio * N) entries are the
    first part, the next ones the second, and so on (restated from the seed chain of the published system).

    Raises `UserError` for a ratio outside (0, 1), a part without observations, parts that leave nothing to train on,
    and names that stand for something else.
    """
    for name, ratio in ratios.items():
        if name in ("train", "test", "full"):
            raise UserError(f"split.{name}: that name is taken; call the part something else, such as val")
        if not 0 < ratio < 1:
            raise UserError(f"split.{name}: expected a ratio between 0 and 1, got {ratio}")
    try:
        order = torch.randperm(len(dataset)) if shuffle and ratios else torch.arange(len(dataset))
    except RuntimeError as error:  # torch's word for no memory
        raise UserError(f"dataset: {len(dataset):,} observations are more than the memory holds") from error
    parts, start = {}, 0
    for name, ratio in ratios.items():
        stop = start + round(ratio * len(dataset))
        if stop == start:
            raise UserError(f"split.{name}: {ratio} of {len(dataset)} observations is less than one")
        parts[name] = Part(dataset, order[start:stop])
        start = stop
    if start >= len(dataset):
        raise UserError(f"split: the parts {', '.join(ratios)} leave nothing to train on")
    return {"train": Part(dataset, order[start:]), **parts}


class BatchOrder:
    """The endless order of training batches: epoch after epoch, each shuffled by a seed that follows from the last.

    The first epoch's seed is `seed`. The order of an epoch is the one that torch's own loader gives for a generator of
    that seed. The position can be saved and restored at any batch.

    Args:
        length: number of observations.
        batch_size: observations in a batch.
        seed: seed of the first epoch.
        shuffle: in random order, or as they are.
        drop_last: leave out an epoch's last batch where it is not full.
    """

    def __init__(
        self, length: int, batch_size: int, seed: int, *, shuffle: bool = True, drop_last: bool = False
    ) -> None:
        self.length, self.batch_size, self.shuffle = length, batch_size, shuffle
        self.batches_per_epoch = length // batch_size if drop_last else -(-length // batch_size)
        if self.batches_per_epoch == 0:
            raise UserError(f"batch_size {batch_size} is more than the {length} observations there are")
        self.epoch, self.epoch_seed, self.position = 0, seed, 0
        self._order = self._shuffled()

    def __next__(self) -> Tensor:
        """The positions (B,) of the next batch."""
        if self.position == self.batches_per_epoch:
            self.epoch, self.epoch_seed, self.position = self.epoch + 1, next_epoch_seed(self.epoch_seed), 0
            self._order = self._shuffled()
        start = self.position * self.batch_size
        self.position += 1
        return self._order[start : start + self.batch_size]

    def __iter__(self) -> Iterator[Tensor]:
        return self

    def one_epoch(self) -> Iterator[Tensor]:
        """The positions of each batch of one epoch, from where it stands."""
        for _ in range(self.batches_per_epoch - self.position):
            yield next(self)

    def state_dict(self) -> dict[str, int]:
        """Where the order stands."""
        return {"epoch": self.epoch, "epoch_seed": self.epoch_seed, "position": self.position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Continue from where a `state_dict` stood."""
        self.epoch, self.epoch_seed, self.position = state["epoch"], state["epoch_seed"], state["position"]
        self._order = self._shuffled()

    def _shuffled(self) -> Tensor:
        if not self.shuffle:
            return torch.arange(self.length)
        generator = torch.Generator().manual_seed(self.epoch_seed)
        # torch's loader draws one number from the generator before the permutation, and so do the published runs.
        torch.empty((), dtype=torch.int64).random_(generator=generator)
        return torch.randperm(self.length, generator=generator)
