"""What does not fit a run's weights or data is one line, before an evaluation writes anything."""

import logging
import os
import shutil
from pathlib import Path

import omnifig
import pytest
import torch
import yaml

from omnilearn.errors import UserError

TRAIN = (
    "train hybrid a/conv12 m/vae d/vec --dataset.num-samples 300 --budget 2 --viz null --device cpu "
    "--name-include-date no --name done"
)
COMMANDS = {
    "eval": "eval --load done --device cpu --ident again",
    "metrics": "eval-metrics --load done --device cpu --metrics unsupervised --num-train 8 --num-test 8 --num-latent 8 "
    "--num-response 4",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return omnifig.main([*f"{TRAIN} --saveroot {tmp_path_factory.mktemp('template')}".split()])


@pytest.fixture
def run(template, runs) -> Path:
    return Path(shutil.copytree(template, runs / "done"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OVERRIDES = [
    "--override.dataset.out-dim 50",
    "--override.dataset.net null",
    "--override.latent-dim 5",
    "--override.model.encoder.layers.0.width 3",
    "--override.dataset.num-samples 0",
    "--override.dataset.split.val 7",
    "--override.model._type nope",
    "--override.dataset._type sae-viz",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("override", OVERRIDES)
def test_overrides(override, command, run, fig):
    before = contents(run)
    with pytest.raises(UserError) as error:
        fig(f"{COMMANDS[command]} {override}")
    assert "\n" not in str(error.value)
    assert contents(run) == before


def test_a_criterion_that_cannot_take_the_data(run, fig, capsys):
    before = contents(run)
    with pytest.raises(UserError, match="do not fit the data"):
        fig(f"{COMMANDS['eval']} --override.model.criterion.ident bce")
    assert contents(run) == before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "change",
    [
        {"out_dim": 50},
        {"num_nodes": 3, "net": None, "out_dim": 3},
        {"num_samples": -4},
        {"split": {"val": "half"}},
        {"_type": "adam"},
    ],
)
def test_stored_values(change, command, run, fig):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["dataset"].update(change)
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    before = contents(run)
    with pytest.raises(UserError) as error:
        fig(COMMANDS[command])
    assert "\n" not in str(error.value)
    assert contents(run) == before


def test_the_dry_pass_spends_no_random_numbers(run, fig):
    scores = fig(COMMANDS["eval"]).scores
    assert scores == fig(COMMANDS["eval"].replace("again", "more")).scores


@pytest.mark.slow
def test_more_threads_than_cores_are_told(run, fig, caplog):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("threads: 1\n", "threads: 1000\n"))
    threads = torch.get_num_threads()
    try:
        with caplog.at_level(logging.WARNING):
            fig("train --resume done --budget 3 --accept-changes yes --include-eval no")
    finally:
        torch.set_num_threads(threads)
    cores = len(os.sched_getaffinity(0))
    assert f"threads: 1000 share the {cores} cores of this machine" in caplog.text
    assert f"--threads {cores} goes on faster" in caplog.text


def test_as_many_threads_as_cores_are_fine(run, fig, caplog):
    with caplog.at_level(logging.WARNING):
        fig("train --resume done --budget 3 --threads 1 --include-eval no")
    assert "threads" not in caplog.text


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine without a GPU")
def test_a_run_from_a_machine_with_a_gpu(run, fig):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("device: cpu\n", "device: cuda\n"))
    with pytest.raises(UserError, match=r"device: cannot use 'cuda' on this machine: .*; try --device cpu$"):
        fig("train --resume done --budget 3")
    fig(COMMANDS["eval"].replace("--device cpu ", ""))  # an evaluation takes the device that there is
    fig("train --resume done --budget 3 --device cpu --include-eval no")
    assert "device: cpu\n" in (run / "config.yaml").read_text()


def test_an_override_may_name_a_component(run, fig):
    fig(f"{COMMANDS['eval']} --override.factor-distance._type factor-distance --override.factor-distance.n-samples 10")
