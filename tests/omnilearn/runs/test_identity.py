"""Which runs are the same experiment."""

import pytest

from omnilearn.runs.identity import experiment_of, identity


@pytest.mark.parametrize(("key", "decides"), [("dataroot", False), ("num_samples", True)])
def test_where_the_data_lie_does_not_make_another_experiment(key, decides):
    here, there = ({"seed": 0, "dataset": {"_type": "shapes", key: value}} for value in ("1", "2"))
    assert (experiment_of(here) != experiment_of(there)) == decides


@pytest.mark.parametrize(("compile_key", "decides"), [(False, False), ("auto", False), (True, True)])
def test_what_is_left_to_the_machine_makes_no_other_run(compile_key, decides):
    assert (identity({"seed": 0}) != identity({"seed": 0, "compile": compile_key, "compiled": True})) == decides
