"""The file of a sweep, and the runs that it stands for."""

import shlex
from dataclasses import replace
from pathlib import Path

import omnifig
import pytest

from omnilearn.config.command_line import split_command_line
from omnilearn.errors import UserError
from omnilearn.files import read_json
from omnilearn.runs.identity import identity
from omnilearn.runs.stored_config import read_stored_config
from sae_src.sweeps.plan import check, jobs_of, terms
from sae_src.sweeps.steps import steps_left
from sae_src.sweeps.sweep_file import read_sweep
from tests.conftest import ROOT

SMALL = "hybrid a/conv12 m/ae"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(text)
    return path


def test_crossing_names_and_commands(tmp_path):
    path = written(
        tmp_path,
        f"""
sweep:
  models:
    SAE-12: hybrid a/e/conv12 a/d/strc/12 m/ae
    beta VAE: {{configs: hybrid a/conv12 m/vae --reg-wt 2, keys: {{budget: [5, 7]}}}}
    AE: {SMALL}
  data: [d/vec, d/vec --dataset.num-samples 600]
  seed: [0, 3]
  keys: {{budget: 9, model: {{optim.lr: 1.0e-3}}}}
  then: eval --mode test
""",
    )
    sweep = read_sweep(path)
    jobs = jobs_of(sweep)
    assert [job.model for job in jobs] == ["SAE-12"] * 4 + ["beta VAE"] * 8 + ["AE"] * 4
    assert [(job.budget, job.seed) for job in jobs[4:8]] == [(5, 0), (5, 3), (7, 0), (7, 3)]
    assert len({job.identity for job in jobs}) == len(jobs)
    words = jobs[4].words
    assert words[:5] == ["train", "hybrid", "a/conv12", "m/vae", "d/vec"]
    _, keys = split_command_line(shlex.split(shlex.join(words)))
    assert keys["labels.model"] == "beta VAE"
    assert keys["labels.sweep"] == "small"
    assert (keys["reg-wt"], keys["model.optim.lr"]) == (2, 0.001)
    tree = omnifig.get_current_project().config_manager.parse_argv(words).root.to_python()
    assert identity(tree) == jobs[4].identity


@pytest.mark.parametrize("value", [3, 0.5, 1e-8, True, None, "mish", "3", "yes", "a b", "", [1, "x"], {"a": 1}])
def test_values_are_written_as_they_are_read(value):
    words = terms({"model._type": "x", "some_key": value})
    assert words[0] == "--model._type"
    assert split_command_line(words)[1]["some-key"] == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("models: {}", "one key, `sweep`"),
        ("sweep: {model: {A: m/ae}, data: d/vec}", "sweep.model is not a key (did you mean models?)"),
        ("sweep: {models: {A: m/ae}}", "sweep.data is missing"),
        ("sweep: {models: {A: {config: x}}, data: d/vec}", "sweep.models.A.config is not a key"),
        ("sweep: {models: {A: m/ae}, data: d/vec, seed: [0, 0]}", "a seed stands twice"),
        ("sweep: {models: {A: m/ae}, data: d/vec, seed: x}", "sweep.seed: must be a number"),
        ("sweep: {models: {A: m/ae}, data: d/vec, then: [train]}", "'train' cannot follow"),
        ("sweep: {models: {A: m/ae}, data: d/vec, keys: {seed: 3}}", "seed is not for keys"),
        ("sweep: {models: {A: m/ae}, data: d/vec, then: eval --load x}", "--load is for the sweep"),
        ("sweep: [1", "not valid YAML"),
    ],
)
def test_a_file_with_a_mistake(tmp_path, text, says):
    with pytest.raises(UserError, match=r"small\.yaml") as error:
        read_sweep(written(tmp_path, text))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (f"{{A: {SMALL}, B: {SMALL}}}", "A seed 0 and B seed 0 are the same run"),
        ("{A: hybrid a/conv13 m/ae}", "A: no config named 'a/conv13'"),
        (f"{{A: {SMALL} --budgt 3}}", ": --budgt"),
        (f"{{A: {SMALL} --model.encoder.layers.0._type nothing}}", "A"),
    ],
)
def test_models_with_a_mistake(tmp_path, models, says):
    path = written(tmp_path, f"sweep: {{models: {models}, data: d/vec --dataset.num-samples 600}}")
    with pytest.raises(UserError) as error:
        check(jobs_of(read_sweep(path)))
    assert says in str(error.value), str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_is_found_by_what_it_is_and_its_results(tmp_path, runs, fig):
    text = f"sweep: {{models: {{A: {SMALL}}}, data: d/vec --dataset.num-samples 600, keys: {{budget: 2, viz: null}}}}"
    (job,) = jobs_of(read_sweep(written(tmp_path, text)))
    then = ["eval --mode test"]
    assert [step.words[:2] for step in steps_left(job, None, then, runs)] == [("train", "hybrid"), ("eval", "--load")]
    words = "train hybrid a/conv12 m/ae d/vec --dataset.num-samples 600 --budget 2 --viz null --device cpu"
    run = fig(f"{words} --name other")
    assert identity(read_stored_config(run)) == job.identity
    (step,) = steps_left(job, run, then, runs)
    assert step.words == ("eval", "--load", run.name, "--mode", "test", "--ident", "test_results")
    fig(" ".join(step.words))
    assert read_json(run / "test_results.json")["mode"] == "test"
    assert steps_left(job, run, then, runs) == []
    assert len(steps_left(job, run, ["eval --mode val --ident test_results"], runs)) == 1
    fig(f"eval-metrics --load {run.name} --metrics r2 --num-train 50 --num-test 50")
    assert steps_left(job, run, ["eval-metrics --metrics r2"], runs) == []
    (step,) = steps_left(job, run, ["eval-metrics --metrics '[r2, mcc]'"], runs)
    assert step.words[-2:] == ("--force-save", "yes")
    for name, command in (("metrics", "eval-metrics --metrics r2"), ("test_results", "eval --mode test")):
        (run / f"{name}.json").write_text("{")  # damaged: the command tells it, and other runs go on
        assert len(steps_left(job, run, [command], runs)) == 1


@pytest.mark.parametrize(
    "keys",
    [
        "--info.extra 3 --info.model 1.50 --evaluation.ident 7",
        "--model._type wae --info.extra 1.0e-8",
        "--model.encoder._type multilayer --info.dec-type null --info.extra yes",
        "--info.model-type 12 --model._type wae",
    ],
)
def test_a_job_is_the_run_that_its_command_makes(keys, tmp_path, runs, fig):
    small = "d/vec --dataset.num-samples 600 --budget 1 --viz null --print null --device cpu"
    text = f"sweep: {{models: {{A: hybrid a/conv12 m/vae {keys}}}, data: {small}}}"
    (job,) = jobs_of(read_sweep(written(tmp_path, text)))
    run = omnifig.main([*job.words, "--name", "42"])
    assert identity(read_stored_config(run)) == job.identity
    assert read_stored_config(run)["name"] == "42"
    assert steps_left(job, run, [], runs) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "config" / "sweep").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_sweeps_stand_for_runs(path):
    sweep = read_sweep(path)
    sweep = replace(sweep, seeds=sweep.seeds[:2])  # the others differ from them as these do from each other
    jobs = jobs_of(sweep)
    assert len({job.identity for job in jobs}) == len(jobs) >= len(sweep.models) * len(sweep.seeds)
    for job in {job.model: job for job in jobs}.values():  # as before, since no key here replaces a label
        assert job.identity == identity(job.config().root.to_python())
