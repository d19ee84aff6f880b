"""Pairs of observations: how many factors differ, that both are in the subset, and that their order can be resumed."""

from types import SimpleNamespace

import pytest
import torch

from omnilearn.data import BatchSampler, Dataset, Subset
from omnilearn.data.factors import FactorGrid
from omnilearn.data.pairs import FactorPairs, PairedBatches
from omnilearn.errors import UserError


class Grid(Dataset):
    """All combinations of factors; one of them has a single value."""

    config = "d/grid"

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.grid = FactorGrid(tuple(map(str, range(len(sizes)))), tuple(tuple(range(size)) for size in sizes))
        self.din = len(sizes)

    def __len__(self) -> int:
        return len(self.grid)

    def factors(self, indices: torch.Tensor) -> torch.Tensor:
        return self.grid.classes(indices)

    def batch(self, indices: torch.Tensor) -> torch.Tensor:
        return self.factors(indices).float()


SIZES = (4, 1, 3, 2, 5)


def subset(share: float = 1.0, sizes: tuple[int, ...] = SIZES) -> Subset:
    data = Grid(sizes)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(1))
    return Subset(data, order[: round(share * len(data))])


def changes(part: Subset, rule: str, count: int = 6000) -> torch.Tensor:
    """Which factors (count, K) differ in pairs."""
    positions = torch.arange(count) % len(part)
    partners = FactorPairs(part, rule).partners(positions, torch.Generator().manual_seed(0))
    return part.batch(positions) != part.batch(partners)


def test_uniform_fixed():
    differ = changes(subset(), "uniform_fixed")
    assert not differ[:, 1].any()  # it has one value
    counts = differ.sum(dim=1).bincount(minlength=5) / len(differ)
    # Four factors vary: one, two or three of them differ, each as likely.
    assert counts[[0, 4]].sum() == 0
    assert torch.allclose(counts[1:4], torch.full((3,), 1 / 3), atol=0.03)
    assert torch.allclose(differ[:, [0, 2, 3, 4]].float().mean(dim=0), torch.full((4,), 0.5), atol=0.03)


def test_new_values_are_uniform():
    part = subset()
    positions = (part.indices == 0).nonzero().squeeze(1).expand(4000)
    partners = FactorPairs(part).partners(positions, torch.Generator().manual_seed(0))
    values = part.batch(partners)[:, 4].long().bincount(minlength=5) / 4000
    assert torch.allclose(values, torch.tensor([0.5, *[0.125] * 4]), atol=0.03)


def test_published_rule_changes_less():
    differ = changes(subset(), "published")
    counts = differ.sum(dim=1).bincount(minlength=6) / len(differ)
    # Half of the pairs have one factor drawn anew, the others 1 to 4 of five: 5/8 one, 1/8 each of two, three, four.
    stay = torch.tensor([1 / size for size in SIZES])
    one = stay.mean()
    assert counts[0].item() == pytest.approx(expected_unchanged(stay), abs=0.02)
    assert counts[0] > 0.625 * one - 0.02 and counts[4] > 0 and counts[5] == 0


def expected_unchanged(stay: torch.Tensor) -> float:
    """The share of pairs without a change: products of 1 / size over all choices of k factors, means over these."""
    weights, total = {1: 0.625, 2: 0.125, 3: 0.125, 4: 0.125}, 0.0
    for k, weight in weights.items():
        choices = torch.combinations(stay, k)
        total += weight * choices.prod(dim=1).mean().item()
    return total


@pytest.mark.parametrize("rule", ["uniform_fixed", "published"])
def test_partners_are_in_the_subset(rule):
    part = subset(0.3)
    differ = changes(part, rule, 3000)
    assert differ.any()
    assert (differ.sum(dim=1) < 5).all()


def test_what_has_no_pairs():
    with pytest.raises(UserError, match="d/none has no grid of factors: take d/shapes"):
        FactorPairs(SimpleNamespace(dataset=SimpleNamespace(grid=None, config="d/none")))
    with pytest.raises(UserError, match="at least two factors that vary"):
        FactorPairs(subset(sizes=(5, 1)))
    lonely = Subset(Grid((10, 10)), torch.tensor([0, 55]))  # both factors differ
    with pytest.raises(UserError, match="among the 2 observations to train on there is none that differs"):
        FactorPairs(lonely).partners(torch.tensor([0]), torch.Generator())


def paired(seed: int = 0) -> PairedBatches:
    part = subset(0.5)
    return PairedBatches(BatchSampler(len(part), 8, seed, drop_last=True), FactorPairs(part), seed)


def test_first_members_are_in_the_order_of_single_ones():
    batches, single = paired(), BatchSampler(len(subset(0.5)), 8, 0, drop_last=True)
    for _ in range(20):  # through several epochs
        assert torch.equal(next(batches)[:8], next(single))
    assert batches.batches_per_epoch == single.batches_per_epoch


def test_an_order_resumes_at_any_batch():
    whole = [next(batches) for batches in [paired()] for _ in range(30)]
    for done in (0, 5, 13):
        first, second = paired(), paired()
        for _ in range(done):
            next(first)
        second.load_state_dict(first.state_dict())
        assert all(torch.equal(next(second), batch) for batch in whole[done:])
    assert not torch.equal(next(paired(1))[8:], whole[0][8:])
