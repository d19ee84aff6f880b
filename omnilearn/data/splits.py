"""Cutting a dataset: into subsets to train and to validate on, and into a training and a test set."""

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from omnilearn.data.dataset import Dataset
from omnilearn.errors import UserError

TEST_SHARE = 0.2


@dataclass(frozen=True)
class Subset(TorchDataset[Tensor]):
    """Some of a dataset's observations; a data set of torch, whose items are single observations (*din)."""

    dataset: Dataset
    indices: Tensor

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Tensor:
        position = operator.index(position)
        if not -len(self) <= position < len(self):
            raise IndexError(f"there is no observation {position} among {len(self)}")
        return self.batch(torch.tensor([position % len(self)]))[0]

    def __getitems__(self, positions: Sequence[int]) -> list[Tensor]:
        """The observations at several positions, which torch's loader asks for at once."""
        return list(self.batch(torch.tensor(positions)))

    def __iter__(self) -> Iterator[Tensor]:
        return (observation for part in torch.arange(len(self)).split(256) for observation in self.batch(part))

    def batch(self, positions: Tensor) -> Tensor:
        """The observations (B, *din) at `positions` (B,) of this subset."""
        return self.dataset.batch(self.indices.index_select(0, positions))


def split(dataset: Dataset, ratios: Mapping[str, float], *, shuffle: bool = True) -> dict[str, Subset]:
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
    except RuntimeError as error:  # what torch raises where the memory is too small
        raise UserError(f"dataset: {len(dataset):,} observations are more than the memory holds") from error
    parts, start = {}, 0
    for name, ratio in ratios.items():
        stop = start + round(ratio * len(dataset))
        if stop == start:
            raise UserError(
                f"split.{name}: {ratio} of {len(dataset)} observations is less than one; {1 / len(dataset):.2g} is one"
            )
        parts[name] = Subset(dataset, order[start:stop])
        start = stop
    if start >= len(dataset):
        raise UserError(f"split: the parts {', '.join(ratios)} leave nothing to train on")
    return {"train": Subset(dataset, order[start:]), **parts}


def train_and_test(count: int, *, share: float = TEST_SHARE, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The indices of the training and of the test observations among `count`, as int64, in ascending order.

    The published rule: the last 20 % (rounded down) of numpy's legacy permutation of seed 0 are for testing. The same
    on every platform, since that generator is frozen. Raises `UserError` for another share outside [0, 1), and for a
    seed outside [0, 2^32).
    """
    if not 0 <= share < 1:
        raise UserError(f"test_share: expected a share from 0 to less than 1, got {share:g}")
    if not 0 <= seed < 2**32:
        raise UserError(f"split_seed: must be between 0 and 2^32 - 1, got {seed}")
    order = np.random.RandomState(seed).permutation(count).astype(np.int64)
    held_out = int(share * count)
    train, test = order[: count - held_out], order[count - held_out :]
    return torch.from_numpy(np.sort(train)), torch.from_numpy(np.sort(test))
