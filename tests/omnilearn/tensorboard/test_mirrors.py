"""What goes to TensorBoard goes to a tracker too, once, also when a run goes on; its errors end no training."""

import importlib.util
import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.config import component
from omnilearn.errors import UserError
from omnilearn.tensorboard.mirrors import Mirror

SHORT = "a/conv12 m/ae d/vec --dataset.num-samples 600 --records.freq 1 --viz null --device cpu --name-include-date no"


@component("test-mirror")
class FileMirror(Mirror):
    """A tracker that appends to a file, and fails at a step.

    Args:
        path: the file.
        fail_at: the step.
    """

    def __init__(self, path: Path, fail_at: int | None = None) -> None:
        self._path, self._fail_at = path, fail_at

    def _write(self, *line) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def open(self, folder, settings):
        self._write("open", folder.name, dict(settings))

    def scalar(self, tag, value, step):
        if step == self._fail_at:
            raise ConnectionError("no network")
        self._write(tag, step, value)

    def close(self):
        self._write("close")


def lines(path: Path) -> list[list]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(run: Path) -> set[tuple]:
    events = EventAccumulator(str(run))
    events.Reload()
    return {(tag, event.step) for tag in events.Tags()["scalars"] for event in events.Scalars(tag)}


def test_the_numbers_are_those_of_tensorboard(fig, tmp_path):
    path = tmp_path / "tracked"
    words = f"--mirror._type test-mirror --mirror.path {path} --validation.freq 2"
    run = fig(f"train {SHORT} --budget 4 {words} --name tracked")
    first, *points, last = lines(path)
    assert first[:2] == ["open", "tracked"] and first[2]["model"] == "AE" and last == ["close"]
    found = [(tag, step) for tag, step, _ in points]
    assert len(found) == len(set(found)) and set(found) == written(run)
    path.unlink()
    fig(f"train --resume tracked --budget 6 --mirror._type test-mirror --mirror.path {path}")
    assert lines(path)[0] == ["open", "tracked", {}]
    assert {step for _, step, _ in lines(path)[1:-1]} == {5, 6}


def test_a_stored_mirror_is_asked_for_anew(fig, tmp_path):
    path = tmp_path / "tracked"
    run = fig(f"train {SHORT} --budget 2 --name tracked")
    config = run / "config.yaml"
    config.write_text(config.read_text() + f"mirror: {{_type: test-mirror, path: {path}}}\n")
    fig("train --resume tracked --budget 3 --accept-changes yes")
    assert not path.exists()


def test_errors_of_a_tracker_end_the_mirroring_alone(fig, tmp_path, caplog):
    path = tmp_path / "tracked"
    run = fig(f"train {SHORT} --budget 4 --mirror._type test-mirror --mirror.path {path} --mirror.fail-at 3")
    assert (run / "ckpt4").is_dir()
    assert [record.message for record in caplog.records] == ["mirror: FileMirror stops: ConnectionError: no network"]
    assert {step for _, step, _ in lines(path)[1:]} == {1, 2}


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="it is installed")
def test_a_tracker_that_is_not_installed(fig):
    with pytest.raises(UserError, match=r"mirror.* pip install wandb"):
        fig(f"train {SHORT} --budget 2 --mirror._type wandb")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # theirs
def test_mlflow(fig, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    words = f"--mirror._type mlflow --mirror.uri sqlite:///{tmp_path}/tracked.db"
    fig(f"train {SHORT} --budget 3 {words} --name tracked")
    fig(f"train --resume tracked --budget 5 {words}")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/tracked.db")
    (run,) = client.search_runs([client.get_experiment_by_name("structural-autoencoders").experiment_id])
    assert run.data.params["model"] == "AE"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss/train")] == [1, 2, 3, 4, 5]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_trackio(fig, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    trackio = pytest.importorskip("trackio")
    fig(f"train {SHORT} --budget 3 --mirror._type trackio --name tracked")
    (run,) = list(trackio.Api().runs("structural-autoencoders"))
    assert run.name == "tracked"
