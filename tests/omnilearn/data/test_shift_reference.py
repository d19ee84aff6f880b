"""Weights of correlated factors and held-out combinations, against reference numbers."""

import operator

import numpy as np
import pytest
import torch

from omnilearn.data.correlation import Correlation
from omnilearn.data.factor_table import factor_table
from omnilearn.data.holdout import Holdout
from omnilearn.data.vectors import VectorDataset
from tests.sae_src.metrics.reference import MORE

OPERATORS = {"==": operator.eq, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def grid_of(sizes):
    classes = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), 1)
    everything = torch.arange(len(classes))
    factors = factor_table({f"f{k}": column for k, column in enumerate(classes.T)})
    return VectorDataset(torch.from_numpy(classes).float(), everything, everything[:0], factors=factors), everything


@pytest.mark.parametrize("case", MORE["correlated_sampling"])
def test_probabilities_of_correlated_factors(case):
    data, everything = grid_of(case["sizes"])
    weights = torch.ones(len(everything), dtype=torch.float64)
    for a, b, strength in case["pairs"]:
        pair = [f"f{a}", f"f{b}", *(["inverted"] if case["inverted"] else [])]
        weights *= Correlation([pair], strength, data).weights(data, everything)
    expected = np.array(case["probabilities_c_order"])
    np.testing.assert_allclose(weights / weights.sum(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", MORE["held_out"])
def test_combinations_that_are_held_out(case):
    data, everything = grid_of(case["sizes"])
    tables = []
    for k, sign, value in case["rules"]:
        size = case["sizes"][k]
        tables.append({f"f{k}": [index for index in range(size) if OPERATORS[sign](index / (size - 1), value)]})
    rules = {name: values for table in tables for name, values in table.items()} if case["connect"] == "and" else tables
    found = Holdout(rules, data).mask(data, everything).nonzero()[:, 0].tolist()
    assert len(found) == case["removed"] and found == case["removed_indices_c_order"]
