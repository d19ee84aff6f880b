"""What seeds tell: intervals, differences, and which models are marked as the best or not told from it."""

import math

import numpy as np
import pytest
from scipy import stats

from omnilearn.evaluation import measures
from omnilearn.runs.summary import RunSummary
from sae_src.comparison.command import table
from sae_src.comparison.groups import Group
from sae_src.comparison.marks import marks_of
from sae_src.comparison.scores import ScoredRun, direction
from sae_src.comparison.statistics import difference, estimate, is_within_noise, told_apart

MIG = "mig.discrete_mig"


def group(tmp_path, model: str, values: dict[int, float], *, runs: int | None = None, data: str = "vec") -> Group:
    count = len(values) if runs is None else runs
    scored = [ScoredRun(RunSummary(tmp_path / f"{model}{k}", data=data, seed=k), {}) for k in range(count)]
    return Group({"model": model, "data": data}, {}, {MIG: values}, scored)


def test_noise():
    base = {0: 1.0, 1: 2.0, 2: 3.0}
    assert is_within_noise(base, {seed: value + 0.1 + 0.001 * seed for seed, value in base.items()}) is False
    assert is_within_noise(base, {seed + 5: value + 0.1 for seed, value in base.items()}) is True
    assert is_within_noise({0: 1.0}, {0: 2.0}) is None
    assert is_within_noise(base, base) is True
    single = estimate([3.0])
    assert single.n == 1 and math.isnan(single.sd) and math.isnan(single.half_width)
    assert difference({0: math.nan, 1: 1.0}, {0: 1.0, 1: 2.0}) is None
    one, other = {0: 1.0, 1: 3.0, 2: 2.0}, {0: 0.0, 1: 0.5, 2: 1.1}
    assert difference(one, other) == pytest.approx(stats.ttest_rel(list(one.values()), list(other.values())).pvalue)


def test_differences_are_corrected_for_their_number():
    assert told_apart([0.03]) == [True]
    assert told_apart([0.03, 0.03]) == [False, False]
    assert told_apart([0.03, 0.02]) == [True, True]  # the smallest at 2.5%, then the other at 5%
    assert told_apart([0.04, 0.02, 0.001, None]) == [True, True, True, False]
    assert told_apart([None]) == [False]


def test_equal_models_are_rarely_told_from_the_best(tmp_path):
    random, wrong = np.random.default_rng(0), 0
    for _ in range(200):
        values = random.normal(size=(8, 3))
        groups = [group(tmp_path, str(k), dict(enumerate(row.tolist()))) for k, row in enumerate(values)]
        wrong += "" in marks_of(groups, MIG)
    assert wrong / 200 < 0.2  # 42% without a correction, 9% with it: the best is chosen by the same seeds


def test_a_single_seed_is_not_the_best_beside_several(tmp_path):
    one, low, high = {1: 0.9}, {0: 0.1, 1: 0.11, 2: 0.1}, {0: 0.7, 1: 0.72, 2: 0.69}
    groups = [group(tmp_path, name, values) for name, values in (("a", one), ("b", low), ("c", high))]
    assert marks_of(groups, MIG) == ["within noise", "", "best"]
    assert marks_of([group(tmp_path, "a", {0: 0.9}), group(tmp_path, "b", {0: 0.1})], MIG) == ["best", "within noise"]
    elsewhere = [group(tmp_path, "a", one, data="vec"), group(tmp_path, "b", low, data="scm")]
    assert marks_of(elsewhere, MIG) == ["", ""]
    assert marks_of([*groups, group(tmp_path, "d", {0: math.nan, 1: 0.2})], MIG)[2:] == ["best", ""]


@pytest.mark.parametrize("kind", ["table", "md"])
def test_fewer_seeds_than_runs_are_told_in_the_cell(tmp_path, kind):
    groups = [group(tmp_path, "a", {1: 0.5}, runs=3), group(tmp_path, "b", {0: 0.1}), group(tmp_path, "c", {0: 0.2})]
    first, second, _ = [line for line in table(groups, [MIG], kind).splitlines() if "vec" in line]
    assert "(n 1)" in first and "n 1" not in second


def test_a_measure_says_which_of_its_scores_are_good_when_high(monkeypatch):
    assert direction("test_results.sharpness") == direction("test_results.blur") == "low"

    class Sharpness(measures.Measure):
        title = "sharpness"
        high_is_good = ("sharpness",)

    monkeypatch.setitem(measures._KINDS, "sharpness", Sharpness)
    assert direction("test_results.sharpness") == "high"
    assert direction("test_results.blur") == "low"


def test_scores_of_runs_that_diverged_are_no_warning():
    assert estimate([math.inf, 1.0]).mean == math.inf
    assert math.isnan(estimate([math.inf, -math.inf]).mean) and estimate([1e308, -1e308]).sd == math.inf
