"""How a dataset is cut into subsets and batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from omnilearn.data.batches import BatchSampler
from omnilearn.data.dataset import Dataset
from omnilearn.data.pairs import FactorPairs, PairedBatches, PairRule
from omnilearn.data.splits import Subset
from omnilearn.errors import UserError


@dataclass(frozen=True)
class Loading:
    """How a dataset is cut into parts and batches.

    Attributes:
        batch_size: observations in a batch; where there are pairs, their first members.
        shuffle: in random order, or as they are.
        drop_last: leave out an epoch's last batch where it is not full.
        split: the share of the observations that each part but `train` gets.
        shuffle_split: cut them in random order, or as they are.
        pairs: how the partners of a training batch are drawn, for methods that train on pairs; None for others.
    """

    batch_size: int = 128
    shuffle: bool = True
    drop_last: bool = False
    split: Mapping[str, float] = field(default_factory=dict)
    shuffle_split: bool = True
    pairs: PairRule | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"dataset.batch_size must be at least 1, got {self.batch_size}")

    def training_batches(self, subset: Subset, seed: int) -> BatchSampler | PairedBatches:
        """The batches to train on, the first epoch shuffled by `seed`; with partners where there are `pairs`."""
        batches = BatchSampler(len(subset), self.batch_size, seed, shuffle=self.shuffle, drop_last=self.drop_last)
        return batches if self.pairs is None else PairedBatches(batches, FactorPairs(subset, self.pairs), seed)

    def evaluation_batches(self, subset: Subset, seed: int) -> BatchSampler:
        """The batches of one pass, shuffled by `seed`; a part smaller than a batch is one batch.

        Published evaluations leave out a last batch that is not full (9,984 of 10,000), and so does `drop_last` here.
        """
        drop_last = self.drop_last and len(subset) >= self.batch_size
        return BatchSampler(len(subset), self.batch_size, seed, shuffle=self.shuffle, drop_last=drop_last)


@dataclass(frozen=True)
class Data:
    """A dataset cut into subsets, and how its batches are made."""

    subsets: Mapping[str, Subset]
    loading: Loading

    @property
    def dataset(self) -> Dataset:
        """The dataset of all subsets."""
        return self.subsets["train"].dataset

    def has_subset(self, mode: str) -> bool:
        """Whether `subset` knows that name."""
        return mode in self.subsets or mode in ("test", "full")

    def subset(self, mode: str) -> Subset:
        """`train`, `val` or another part by name; `test` is the dataset's own test set; `full` all there is."""
        if mode in self.subsets:
            return self.subsets[mode]
        if mode in ("test", "full"):
            dataset = self.dataset.in_mode(mode)
            return Subset(dataset, torch.arange(len(dataset)))
        raise UserError(f"mode: there is no part '{mode}': there are {', '.join((*self.subsets, 'test', 'full'))}")
