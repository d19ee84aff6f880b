"""Training on correlated factors: the weights, what is drawn, that its order can be resumed, and what is refused."""

import math

import pytest
import torch

from omnilearn.data import Loading
from omnilearn.data.correlation import Correlation, WeightedBatches
from omnilearn.errors import UserError
from tests.omnilearn.data.test_holdout import table

PAIRS = [["hue", "scale"]]


def weights(pairs, strength: float) -> tuple[torch.Tensor, torch.Tensor]:
    data = table().in_mode("full")
    everything = torch.arange(len(data))
    return Correlation(pairs, strength, data).weights(data, everything), data.batch(everything)


@pytest.mark.parametrize("strength", [0.4, 0.04])
def test_formula(strength):
    found, factors = weights([["hue", "scale"], ["scale", "shape", "inverted"]], strength)
    for weight, (hue, shape, scale) in zip(found.tolist(), factors.tolist(), strict=True):
        pair = (hue / 4 - scale / 3) ** 2 + (scale / 3 - (1 - shape / 2)) ** 2
        assert math.isclose(weight, math.exp(-pair / (2 * strength**2)), rel_tol=1e-12, abs_tol=1e-300)


def test_a_strength_next_to_0_is_exact():
    found, factors = weights([["hue", "scale"]], 1e-300)
    assert torch.equal(found, (factors[:, 0] / 4 == factors[:, 2] / 3).double())


def test_draws_follow_the_weights():
    found, factors = weights(PAIRS, 0.2)
    batches = WeightedBatches(found, 60, seed=3)
    drawn = torch.cat([next(batches) for _ in range(2000)])
    shares = drawn.bincount(minlength=len(found)) / len(drawn)
    assert torch.allclose(shares.double(), found / found.sum(), atol=0.002)
    both = factors[drawn]
    assert torch.corrcoef(torch.stack([both[:, 0], both[:, 2]]))[0, 1] > 0.7
    assert torch.corrcoef(torch.stack([both[:, 0], both[:, 1]]))[0, 1].abs() < 0.02


def test_weights_of_0_are_never_drawn():
    found = torch.tensor([0, 1.0, 0, 1.0, 0], dtype=torch.float64)
    drawn = torch.cat([next(WeightedBatches(found, 5, seed=seed)) for seed in range(200)])
    assert set(drawn.tolist()) == {1, 3}
    with pytest.raises(UserError, match=r"all weights are 0: take a larger dataset\.strength"):
        WeightedBatches(torch.zeros(4, dtype=torch.float64), 2, seed=0)


def test_order_can_be_resumed():
    found, _ = weights(PAIRS, 0.2)
    batches = WeightedBatches(found, 7, seed=3)
    assert batches.batches_per_epoch == 9
    first = [next(batches) for _ in range(14)]
    again = WeightedBatches(found, 7, seed=3)
    for _ in range(11):
        next(again)
    resumed = WeightedBatches(found, 7, seed=99)
    resumed.load_state_dict(again.state_dict())
    assert all(torch.equal(next(resumed), batch) for batch in first[11:])
    assert not torch.equal(torch.cat(first[:2]), torch.cat(first[9:11]))  # each epoch draws anew


def test_only_training_is_correlated():
    data = table()
    torch.manual_seed(0)
    correlated = Loading(batch_size=4, split={"val": 0.25}, correlate=PAIRS, strength=0.1)
    parts = correlated.cut(data)
    torch.manual_seed(0)
    plain = Loading(batch_size=4, split={"val": 0.25}).cut(data)
    for name in ("train", "val"):
        assert torch.equal(parts.subset(name).indices, plain.subset(name).indices)
    assert isinstance(correlated.training_batches(parts.subset("train"), 0), WeightedBatches)
    evaluated = torch.cat(list(correlated.evaluation_batches(parts.subset("val"), 0).one_epoch()))
    assert sorted(evaluated.tolist()) == list(range(12))
    whole = Loading(batch_size=4, correlate=PAIRS, strength=0.1, train_on="whole")
    assert not isinstance(whole.training_batches(parts.subset("train"), 0), WeightedBatches)


@pytest.mark.parametrize(
    ("pairs", "strength", "message"),
    [
        (PAIRS, 0.0, "dataset.strength: must be above 0 and at most 10, got 0"),
        (PAIRS, -0.2, "dataset.strength: must be above 0"),
        (PAIRS, math.nan, "dataset.strength: must be above 0"),
        (PAIRS, math.inf, "dataset.strength: must be above 0"),
        (PAIRS, 11.0, "at most 10, got 11"),
        (PAIRS, None, "dataset.correlate and dataset.strength go together"),
        (None, 0.2, "dataset.correlate and dataset.strength go together"),
        ([["hue", "hue"]], 0.2, "dataset.correlate: a pair of 'hue' with itself"),
        ([["hue", "scael"]], 0.2, "no factor 'scael' (did you mean scale"),
        ([["hue", "scale"], ["scale", "hue", "inverted"]], 0.2, "hue and scale are paired twice"),
        ([["hue"]], 0.2, "expected pairs of factors"),
        (["hue", "scale"], 0.2, "expected pairs of factors"),
        ([["hue", "scale", "invert"]], 0.2, "expected pairs of factors"),
        ([], 0.2, "an empty list correlates nothing"),
    ],
)
def test_refused(pairs, strength, message):
    with pytest.raises(UserError) as error:
        Loading(correlate=pairs, strength=strength).cut(table())
    assert message in str(error.value) and "\n" not in str(error.value)


def test_what_it_does_not_go_with():
    for keys in ({"shuffle": False}, {"pairs": "published"}):
        with pytest.raises(UserError, match="goes with random single draws: leave out"):
            Loading(correlate=PAIRS, strength=0.2, **keys)
