"""How a dataset is cut into subsets and batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from omnilearn.data.batches import BatchSampler
from omnilearn.data.correlation import Correlation, WeightedBatches
from omnilearn.data.dataset import Dataset
from omnilearn.data.holdout import HELD_OUT, KEY, REST, Holdout
from omnilearn.data.pairs import FactorPairs, PairedBatches, PairRule
from omnilearn.data.splits import Subset, split
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
        correlate: pairs of factors whose values go together in training, see `Correlation`; other parts are as ever.
        strength: how strongly they do, smaller is stronger; goes with `correlate`.
        holdout: which combinations of factor values are held out from training, see `Holdout`; other parts are as ever.
        train_on: `whole` trains on everything all the same, uncorrelated, and leaves `holdout` to evaluations.
    """

    batch_size: int = 128
    shuffle: bool = True
    drop_last: bool = False
    split: Mapping[str, float] = field(default_factory=dict)
    shuffle_split: bool = True
    pairs: PairRule | None = None
    correlate: Sequence[Any] | None = None
    strength: float | None = None
    holdout: Mapping[str, Any] | Sequence[Any] | None = None
    train_on: Literal["rest", "whole"] = "rest"

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"dataset.batch_size must be at least 1, got {self.batch_size}")
        if (self.correlate is None) != (self.strength is None):
            raise UserError("dataset.correlate and dataset.strength go together, such as 0.2: name both or none")
        if self.train_on == "whole" and self.correlate is None and self.holdout is None:
            raise UserError("dataset.train_on: nothing is held out or correlated: leave it out")
        if self._is_correlated and (not self.shuffle or self.pairs is not None):
            other = "dataset.shuffle no" if not self.shuffle else "dataset.pairs"
            raise UserError(f"dataset.correlate: goes with random single draws: leave out {other}")

    @property
    def _is_correlated(self) -> bool:
        return self.correlate is not None and self.train_on == "rest"

    def cut(self, dataset: Dataset) -> "Data":
        """A dataset cut into its parts, in an order from torch's global generator; see `split` and `Data`."""
        holdout = None if self.holdout is None else Holdout(self.holdout, dataset)
        if self.correlate is not None and self.strength is not None:
            Correlation(self.correlate, self.strength, dataset)  # a mistake is told here
        parts = split(dataset, self.split, shuffle=self.shuffle_split)
        if holdout is None:
            return Data(parts, self)
        for name in parts:
            if name in (HELD_OUT, REST) or name.endswith((f"-{HELD_OUT}", f"-{REST}")):
                raise UserError(f"split.{name}: that name is taken by {KEY}; call the part something else, such as val")
        whole = parts["train"]
        held_out = holdout.mask(dataset, whole.indices)
        if held_out.all():
            raise UserError(f"{KEY}: everything is held out: nothing is left to train on")
        everything = dataset.in_mode("full")
        if not held_out.any() and not holdout.mask(everything, torch.arange(len(everything))).any():
            raise UserError(f"{KEY}: nothing is held out: no observation has such a combination of values")
        if self.train_on == "rest":
            parts = {**parts, "train": Subset(dataset, whole.indices[~held_out])}
        return Data(parts, self, holdout, whole)

    def training_batches(self, subset: Subset, seed: int) -> BatchSampler | PairedBatches:
        """The batches to train on, the first epoch shuffled by `seed`; with partners where there are `pairs`.

        Correlated observations are drawn with replacement.
        """
        if self._is_correlated:
            assert self.correlate is not None and self.strength is not None
            weights = Correlation(self.correlate, self.strength, subset.dataset).weights(subset.dataset, subset.indices)
            return WeightedBatches(weights, self.batch_size, seed, drop_last=self.drop_last)
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
    """A dataset cut into subsets, and how its batches are made.

    Attributes:
        subsets: the parts by name; `train` is what is trained on.
        loading: how it was cut.
        holdout: what is held out from training, if anything.
        whole_train: the training set with what is held out from it.
    """

    subsets: Mapping[str, Subset]
    loading: Loading
    holdout: Holdout | None = None
    whole_train: Subset | None = None

    @property
    def dataset(self) -> Dataset:
        """The dataset of all subsets."""
        return self.subsets["train"].dataset

    @property
    def modes(self) -> tuple[str, ...]:
        """The names that `subset` knows, without the parts of parts."""
        return (*self.subsets, "test", "full", *(() if self.holdout is None else (HELD_OUT, REST)))

    def has_subset(self, mode: str) -> bool:
        """Whether `subset` knows that name."""
        whole, _ = _part_of(mode)
        wholes = (*self.subsets, "test", "full")
        return mode in wholes or (self.holdout is not None and whole in wholes)

    def is_cut(self, mode: str) -> bool:
        """Whether a part is less than the data have under that name, or none of theirs, by what is held out."""
        if mode == "train" and self.whole_train is not None:
            return len(self.subsets["train"]) < len(self.whole_train)
        return mode not in self.subsets and _part_of(mode)[0] is not None

    def subset(self, mode: str) -> Subset:
        """`train`, `val` or another part by name; `test` is the dataset's own test set; `full` all there is.

        Where something is held out from training, `heldout` is all of that and `rest` all else, of everything;
        `test-heldout` and `test-rest` are those of the test set, and so on for other parts (`train-heldout`: of the
        training set as it would be without).
        """
        if mode in self.subsets:
            return self.subsets[mode]
        if mode in ("test", "full"):
            dataset = self.dataset.in_mode(mode)
            return Subset(dataset, torch.arange(len(dataset)))
        whole, part = _part_of(mode)
        if whole is None or (self.holdout is not None and not self.has_subset(mode)):
            raise UserError(f"mode: there is no part '{mode}': there are {', '.join(self.modes)}")
        if self.holdout is None:
            raise UserError(f"mode: there is no part '{mode}': nothing is held out from training ({KEY})")
        among = self.whole_train if whole == "train" and self.whole_train is not None else self.subset(whole)
        held_out = self.holdout.mask(among.dataset, among.indices)
        kept = among.indices[held_out if part == HELD_OUT else ~held_out]
        if len(kept) == 0:
            raise UserError(f"mode: the part '{mode}' has no observations")
        return Subset(among.dataset, kept)


def _part_of(mode: str) -> tuple[str | None, str]:
    """Of which part `heldout`, `test-rest` and so on are a part, and which; None for a name of another kind."""
    whole, _, part = mode.rpartition("-")
    return (whole or "full", part) if part in (HELD_OUT, REST) else (None, "")
