"""The faster trainer of boosted trees against scikit-learn's own."""

from itertools import combinations, product

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from sae_src.metrics import dci, fairness
from sae_src.metrics.boosting import fit_classifiers
from sae_src.metrics.presorted_boosting import PresortedBoostingClassifier, _parted

SEEDS = range(6)


def entangled(count: int, classes: int, *, noise: float = 1.0, codes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, D) in float32 that all know a little of labels (N,) and of other things."""
    random = np.random.default_rng(classes)
    labels = random.integers(classes, size=count)
    others = random.integers(5, size=(count, 3))
    mixed = np.column_stack([labels, others]) @ random.normal(size=(4, codes))
    return (mixed + noise * random.normal(size=(count, codes))).astype(np.float32), labels


def apart(first, second) -> float:
    return np.abs(first.feature_importances_ - second.feature_importances_).max()


def test_points_are_parted_in_the_order_of_scikit_learn():
    random = np.random.default_rng(0)
    for size in (*range(1, 8), 50) * 20:
        members, is_left = random.permutation(size), random.random(size) < random.random()
        expected, start, end = members.tolist(), 0, size
        while start < end:
            if is_left[expected[start]]:
                start += 1
            else:
                end -= 1
                expected[start], expected[end] = expected[end], expected[start]
        left, right = _parted(members, is_left)
        assert (left.tolist(), right.tolist()) == (expected[:start], expected[start:])


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "noise"), [(2, 1.0), (3, 2.0), (4, 0.3)])
def test_differs_from_scikit_learn_as_its_own_seeds_do(classes, noise):
    codes, labels = entangled(800, classes, noise=noise)
    codes, labels, more = codes[:300], labels[:300], codes[300:]
    theirs = [GradientBoostingClassifier(random_state=seed).fit(codes, labels) for seed in SEEDS]
    ours = [PresortedBoostingClassifier(seed).fit(codes, labels) for seed in SEEDS]
    pairs = list(combinations(theirs, 2))
    own = np.quantile([apart(*pair) for pair in pairs], 0.9)
    assert np.median([apart(*pair) for pair in product(ours, theirs)]) <= own

    def agreement(one, other) -> float:
        return np.mean(one.predict(more) == other.predict(more))

    assert np.median([agreement(*pair) for pair in product(ours, theirs)]) >= min(agreement(*pair) for pair in pairs)


@pytest.mark.slow
def test_prefers_the_same_among_equally_good_splits():
    # Where sums are rounded otherwise, the importances are apart by twice as much as those of two random states.
    codes, labels = entangled(1000, 4, noise=0.3)
    theirs = [GradientBoostingClassifier(random_state=seed).fit(codes, labels) for seed in range(6)]
    ours = [PresortedBoostingClassifier(seed).fit(codes, labels) for seed in range(6)]
    means = [np.mean([each.feature_importances_ for each in some], axis=0) for some in (ours, theirs)]
    assert np.abs(means[0] - means[1]).max() < np.median([apart(*pair) for pair in combinations(theirs, 2)])


@pytest.mark.parametrize("classes", [2, 4])
def test_equals_scikit_learn_where_no_split_is_as_good_as_another(classes):
    # A single code: there is nothing to choose between.
    codes, labels = entangled(300, classes, codes=1)
    theirs = GradientBoostingClassifier(random_state=0).fit(codes, labels)
    ours = PresortedBoostingClassifier().fit(codes, labels)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_)
    np.testing.assert_array_equal(ours.predict(codes), theirs.predict(codes))
    grid = np.linspace(codes.min() - 1, codes.max() + 1, 1000)[:, None]
    assert np.mean(ours.predict(grid) == theirs.predict(grid)) > 0.995


def test_equal_codes_share_what_they_explain():
    # Ties go to a random one of the codes, not always to the first.
    codes, labels = entangled(300, 3, codes=2)
    importances = PresortedBoostingClassifier(0).fit(np.repeat(codes, 3, axis=1), labels).feature_importances_
    assert importances.min() > 0.05


def test_repeated_values_are_never_parted():
    codes = np.repeat([[0.0], [1.0], [1.0 + 5e-8]], 20, axis=0)
    labels = np.repeat([0, 1, 0], 20)
    ours = PresortedBoostingClassifier().fit(codes, labels)
    theirs = GradientBoostingClassifier(random_state=0).fit(codes, labels)
    np.testing.assert_array_equal(ours.predict(codes), theirs.predict(codes))


def test_a_constant_code_explains_nothing():
    ours = PresortedBoostingClassifier().fit(np.zeros((20, 2)), np.arange(20) % 3)
    assert not ours.feature_importances_.any() and ours.predict(np.zeros((1, 2))).shape == (1,)


@pytest.mark.slow
def test_the_seed_decides():
    codes, labels = entangled(200, 4)
    first, again, other = (PresortedBoostingClassifier(seed).fit(codes, labels) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.feature_importances_, again.feature_importances_)
    assert (first.feature_importances_ != other.feature_importances_).any()


@pytest.mark.slow
def test_processes_do_not_change_the_result(problem):
    serial, parallel = (
        fit_classifiers(problem.codes_train, problem.factors_train, backend="presort", jobs=jobs) for jobs in (1, 2)
    )
    for one, other in zip(serial, parallel, strict=True):
        np.testing.assert_array_equal(one.feature_importances_, other.feature_importances_)


@pytest.mark.slow
def test_metrics_take_the_backend(problem, sampler):
    slow, fast = (dci.score(*problem, backend=backend) for backend in ("sklearn", "presort"))
    for name in ("disentanglement", "completeness", "informativeness_train", "informativeness_test"):
        assert fast[name] == pytest.approx(slow[name], abs=0.01)
    key = "mean_fairness:mean_pred:mean_sens"
    assert 0 < fairness.score(*problem, **sampler, backend="presort")[key] < 0.2
