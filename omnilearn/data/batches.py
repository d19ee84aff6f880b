"""The order in which the batches of a subset come."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from omnilearn.errors import UserError
from omnilearn.randomness import next_epoch_seed


class BatchSampler:
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
