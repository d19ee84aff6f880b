"""What an evaluation config leaves open about the data is as in the run."""

from types import SimpleNamespace

import pytest

import sae_src as sae
from sae_src.eval_metrics.command import metric_dataset


@pytest.mark.parametrize(("keys", "from_run"), [({}, {"category": "real"}), ({"dataset.category": "toy"}, {})])
def test_the_category_of_mpi3d_is_that_of_the_run(keys, from_run):
    run = SimpleNamespace(config=sae.create_config("a/conv12", "m/ae", "d/mpi", cat="real"))
    assert metric_dataset(sae.create_config("eval/mpi", **keys), run, lambda **given: given) == from_run


@pytest.mark.parametrize(("words", "told"), [("eval/shapes", "mpi3d, and its metrics are of shapes"), ("eval/mpi", "")])
def test_metrics_of_other_data_than_those_of_the_run_are_told(words, told, caplog):
    run = SimpleNamespace(name="one", config=sae.create_config("a/conv12", "m/ae", "d/mpi", cat="real"))
    metric_dataset(sae.create_config(words), run, lambda **given: given)
    assert told in caplog.text and bool(told) == bool(caplog.records)
