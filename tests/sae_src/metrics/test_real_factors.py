"""Scores of classes refuse real-valued factors, each value of which would be a class of its own, and say what to do."""

import numpy as np
import pytest

from sae_src.eval_metrics.table import all_metrics
from sae_src.metrics.boosting import fit_classifiers
from sae_src.metrics.class_factors import check_classes

CODES = np.random.default_rng(0).normal(size=(2000, 3))
REAL = CODES[:, :2] + 0.1
# IRS puts factors into bins itself; the others take no classes.
OF_CLASSES = [
    metric
    for metric in all_metrics().values()
    if metric.need in ("factors", "grid", "posteriors") and metric.name not in ("irs", "responses")
]


@pytest.mark.parametrize("metric", OF_CLASSES, ids=lambda metric: metric.name)
def test_real_values_are_refused(metric):
    scales = {"scales": np.ones_like(CODES)} if metric.need == "posteriors" else {}
    way_out = "continuous_factors" if metric.name == "sap" else "mcc or r2"
    message = (
        f"factor 0 has 2000 different values at 2000 points.*as classes: put the factor into bins first, or.*{way_out}"
    )
    with pytest.raises(ValueError, match=message):
        metric.score(CODES, REAL, **scales)
    mixed = np.stack([REAL[:, 0] > 0, REAL[:, 1]], axis=1)
    with pytest.raises(ValueError, match="factor 1 has 2000 different values"):
        metric.score(CODES, mixed, **scales)


def test_classifiers_are_not_trained_on_them():
    with pytest.raises(ValueError, match="takes factors as classes"):
        fit_classifiers(CODES, REAL)


def test_the_ways_out():
    metrics = all_metrics()
    assert metrics["sap"].score(CODES, REAL, continuous_factors=True)["SAP_score"] > 0.5
    assert metrics["r2"].score(CODES, REAL)
    assert metrics["irs"].score(CODES, REAL)
    binned = np.stack([np.digitize(column, np.quantile(column, [0.25, 0.5, 0.75])) for column in REAL.T], axis=1)
    assert metrics["mig"].score(CODES, binned)["discrete_mig"] > 0.1


@pytest.mark.parametrize(
    "factors",
    [
        np.arange(2000)[:, None],  # whole numbers are classes, however many
        np.arange(2000.0)[:, None],
        np.linspace(0, 1, 15)[np.random.default_rng(0).integers(15, size=(2000, 1))],  # fifteen hues
        np.random.default_rng(0).random((20, 1)),  # too few to tell
    ],
)
def test_classes_may_be_any_numbers(factors):
    check_classes(factors)
