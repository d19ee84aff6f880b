"""Which runs are the same experiment."""

import pytest

from omnilearn.runs.identity import experiment_of


@pytest.mark.parametrize(("key", "decides"), [("dataroot", False), ("num_samples", True)])
def test_where_the_data_lie_does_not_make_another_experiment(key, decides):
    here, there = ({"seed": 0, "dataset": {"_type": "shapes", key: value}} for value in ("1", "2"))
    assert (experiment_of(here) != experiment_of(there)) == decides
