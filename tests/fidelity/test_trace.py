"""The first 20 losses of real training runs equal those of the published system: data, order, weights, noise."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import reference

TRACES = reference("golden_trace.json")


def points(run, tag: str) -> list[float]:
    """The values of a curve in a run's TensorBoard files."""
    events = EventAccumulator(str(run))
    events.Reload()
    return [event.value for event in events.Scalars(tag)]


@pytest.mark.parametrize("name", TRACES)
def test_first_losses_equal_the_published_ones(name, fig):
    trace = TRACES[name]
    command = f"train {' '.join(trace['parents'])} --budget 20 --records.freq 1 --viz null --include-eval no"
    run = fig(f"{command} --validation null --device cpu --seed {trace['args'].get('seed', 0)}")
    tolerance = 1e-4 if "swae" in name else 1e-5
    assert points(run, "loss/train") == pytest.approx(trace["loss"], rel=tolerance)
    if any(trace["reg_loss"] or []):
        assert points(run, "reg-loss/train") == pytest.approx(trace["reg_loss"], rel=tolerance)


def test_the_split_and_the_first_batch_equal_the_published_ones():
    import sae_src as sae
    from omnilearn.assembly import build_data

    trace = TRACES["strc12 ae"]
    data = build_data(sae.create_config("d/vec"))
    assert data.subsets["train"].indices[:10].tolist() == trace["train_idx_first10"]
    assert data.subsets["val"].indices[:10].tolist() == trace["val_idx_first10"]
    assert (len(data.subsets["train"]), len(data.subsets["val"])) == (trace["n_train"], trace["n_val"])
    first = data.subsets["train"].batch(next(data.loading.training_batches(data.subsets["train"], 0)))
    assert first.double().sum().item() == pytest.approx(trace["batch1_sum"], rel=1e-6)
    assert first[0, :5].tolist() == pytest.approx(trace["batch1_first5"], rel=1e-5)
