"""Which results of a run count as those of a command after training, and what a run that goes on is given again."""

import json
import os
import shutil
from pathlib import Path

import omnifig
import pytest

from omnilearn.config.command_line import split_command_line
from sae_src.sweeps.made_by import has_evaluation, has_metrics
from sae_src.sweeps.plan import jobs_of
from sae_src.sweeps.steps import check_commands, results_of, steps_left
from sae_src.sweeps.sweep_file import read_sweep

KEYS = "budget: 4, checkpoint.freq: 2, viz: null, print: null, validation: null, device: cpu"
TEXT = f"sweep: {{models: {{A: hybrid a/conv12 m/ae}}, data: d/vec --dataset.num-samples 600, keys: {{{KEYS}}}}}"
WHOLE = {"scores": {"loss": 1.0}, "mode": "test", "step": 4}
SETTINGS = {"seed": 0, "batch_size": 64, "drop_last": False, "step_limit": None}


def job_in(folder: Path, text: str = TEXT):
    (folder / "small.yaml").write_text(text)
    return jobs_of(read_sweep(folder / "small.yaml"))[0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The run of a job."""
    folder = tmp_path_factory.mktemp("trained")
    return omnifig.main([*job_in(folder).words, "--saveroot", str(folder / "runs"), "--name", "one"])


@pytest.fixture
def run(trained, runs) -> Path:
    return Path(shutil.copytree(trained, runs / trained.name))


@pytest.mark.parametrize(
    "command",
    [
        "eval --ckpt-num 2 --ident mid",
        "eval --shift yes",
        "eval --mode test --step-limit 1 --override.dataset.batch-size 32",
        "eval --ident 1.50",
    ],
)
def test_what_a_command_makes_is_what_it_was_to_make(command, run, tmp_path):
    job = job_in(tmp_path)
    if "shift" in command:  # for a run that there is something to tell of
        run = omnifig.main(["train", "--from", run.name, "--name", "two"])
    check_commands([command])
    (step,) = steps_left(job, run, [command], run.parent)
    omnifig.main([*step.words])
    assert steps_left(job, run, [command], run.parent) == []


@pytest.mark.parametrize(
    ("command", "ident"),
    [
        ("eval", "val_results"),
        ("eval --mode test", "test_results"),
        ("eval --mode test --shift yes", "shift"),
        ("eval --ident 7", "7"),
    ],
)
def test_names_of_results(command, ident):
    assert results_of(command) == (ident, None)


@pytest.mark.parametrize(
    ("results", "command", "is_done"),
    [
        ({}, "eval --mode test", True),  # older results, without what made them
        ({"settings": SETTINGS}, "eval --mode test", True),
        ({"settings": SETTINGS | {"samples": 600, "precision": "bf16"}}, "eval --mode test", True),
        ({"settings": SETTINGS | {"step_limit": 1}}, "eval --mode test", False),
        ({"settings": SETTINGS | {"step_limit": 1}}, "eval --mode test --step-limit 1", True),
        ({"settings": SETTINGS}, "eval --mode test --step-limit 1", False),
        ({"settings": SETTINGS | {"override": {"reg_wt": 2}}}, "eval --mode test", False),
        ({"settings": SETTINGS | {"override": {"reg_wt": 2}}}, "eval --mode test --override.reg-wt 2", True),
        ({"settings": SETTINGS}, "eval --mode test --override.reg-wt 2", False),
        ({"not_finite": ["loss"], "scores": {"loss": None}}, "eval --mode test", False),
        ({"pending": ["FID"]}, "eval --mode test", False),
        ({"step": 2}, "eval --mode test", False),
        ({"step": 2}, "eval --mode test --ckpt-num 2", True),
        ({"mode": "val"}, "eval --mode test", False),
        ({"mode": "parts of test"}, "eval --mode test --shift yes --ident test_results", True),
        ({"mode": "parts of test"}, "eval --mode test", False),
        (
            {"mode": "parts of test", "parts": {}, "scores": {"test": {"loss": None}}},
            "eval --mode test --shift yes --ident test_results",
            False,
        ),
    ],
)
def test_results_of_other_settings_are_others(results, command, is_done, tmp_path):
    (tmp_path / "test_results.json").write_text(json.dumps(WHOLE | results))
    assert has_evaluation(tmp_path, command, 4) == is_done


@pytest.mark.parametrize(
    ("results", "keys", "is_done"),
    [
        ({}, "", True),
        ({}, "--num-train 50", True),
        ({"settings": {"num_train": 50}}, "", True),  # what the command does not say may have had another default
        ({"settings": {"num_train": 50}}, "--num-train 50 --jobs 1", True),
        ({"settings": {"num_train": 50, "jobs": 2}}, "--num-train 60 --jobs 1", False),
        ({"settings": {"num_train": 60, "jobs": 2}}, "--num-train 60 --jobs 1", True),
        ({"step": 2}, "", False),
        ({"step": 2}, "--ckpt-num 2", True),
        ({}, "--bootstrap 9", False),
        ({"bootstrap": {"resamples": 9}}, "--bootstrap 9", True),
    ],
)
def test_metrics_of_other_settings_are_others(results, keys, is_done, tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"scores": {"R2": {}}, "step": 4} | results))
    (tmp_path / "metrics.pth.tar").touch()
    assert has_metrics(tmp_path, f"eval-metrics --metrics r2 {keys}", 4) == is_done


def test_a_run_that_goes_on_is_given_what_holds_for_one_process(run, tmp_path):
    shutil.rmtree(run / "ckpt4")
    keys = f"{KEYS}, time_limit: 1.0e-9, mirror: {{_type: wandb, project: x}}"
    job = job_in(tmp_path, TEXT.replace(KEYS, keys))
    (step,) = steps_left(job, run, [], run.parent)
    words, given = split_command_line(step.words)
    assert words == ["train"] and given["mirror"] == {"_type": "wandb", "project": "x"}
    assert given.keys() == {"resume", "time-limit", "mirror"}
    assert steps_left(job, run, [], run.parent, accept_changes=True)[0].words[3:5] == ("--accept-changes", "yes")
    at = step.words.index("--mirror")
    with pytest.raises(SystemExit) as stop:
        omnifig.main([*step.words[:at], *step.words[at + 2 :]])
    assert stop.value.code == 3 and not os.path.lexists(run / "ckpt4")
