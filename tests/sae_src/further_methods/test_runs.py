"""Runs of further methods: the same bits after resuming, names, curves, what is found out from the data, mistakes."""

import shutil
import signal
from pathlib import Path

import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.tensor_files import load_tensors, save_tensors
from tests.omnilearn.training.test_resume import curve, finish, kill_at, start
from tests.omnilearn.training.test_resume_edges import seal

COMMON = (
    "--budget 12 --records.freq 1 --print.freq 1 --viz-traversals no --name-include-date no --device cpu --threads 1"
)
FREQUENCIES = "--checkpoint.freq 5 --validation.freq 4 --viz.freq 3"
VECTORS = f"d/vec --dataset.num-samples 300 --dataset.batch-size 60 {COMMON} {FREQUENCIES}"
IMAGES = f"d/shapes --model.channels 8 --dataset.batch-size 4 {COMMON} {FREQUENCIES}"
IMAGES += " --validation.step-limit 1 --evaluation.step-limit 1"
SMALL = "--model.discriminator.hidden [30,30]"
RUNS = {
    "adagvae": f"hybrid a/e/conv12 a/d/strc/4 m/adagvae {IMAGES}",
    "annealed": f"hybrid a/conv12 m/annealed {VECTORS} --model.capacity-steps 10",
    "cyclic": f"hybrid a/ladder/4 m/cyclic {VECTORS} --reg-wt.cycles 2",
    "dipvae": f"hybrid a/conv12 m/dipvae {VECTORS} --model.kind ii",
    "fvae": f"hybrid scheduler a/conv12 m/fvae {VECTORS} --model.optim.lr.freq 2 {SMALL}",
    "infovae": f"hybrid a/conv12 m/infovae {VECTORS}",
    "published/fvae": f"hybrid a/conv12 m/published/fvae {VECTORS} {SMALL}",
    "published/tcvae": f"hybrid a/conv12 m/published/tcvae {VECTORS} --model.warm-up 8",
    "qlae": f"hybrid a/e/conv12 a/d/strc/12 m/qlae {VECTORS}",
    "tcvae": f"hybrid a/conv12 m/tcvae {VECTORS} --model.estimator mss",
    "warm-up": f"a/conv12 m/wae {VECTORS} --reg-wt._type schedule/cosine --reg-wt.end 10 --reg-wt.steps 9",
}


@pytest.fixture(autouse=True)
def _views(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))


def same(one, other) -> bool:
    """Whether two states hold the same bits."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def assert_same(one: Path, other: Path) -> None:
    """The last checkpoints and the curves of two runs hold the same numbers."""
    step = checkpoint_steps(one)[-1]
    for file in ("model.pth.tar", "training.pth.tar"):
        states = [load_tensors(run / f"ckpt{step}" / file) for run in (one, other)]
        for state in states:
            state.pop("seconds", None)
            state.pop("made_by", None)
        assert same(*states), file
    for tag in ("loss/train", "loss/val", "eval/loss", "reg-loss/train"):
        assert curve(one, tag) == curve(other, tag) != []


def part_of(words: str, fig) -> Path:
    """A run that lost what came after its first checkpoint."""
    part = fig(f"train {words} --name part --include-eval no")
    for step in checkpoint_steps(part)[1:]:
        shutil.rmtree(part / f"ckpt{step}")
    return part


@pytest.mark.parametrize(
    "name", [name if name == "fvae" else pytest.param(name, marks=pytest.mark.slow) for name in RUNS]
)
def test_a_resumed_run_ends_with_the_same_bits(name, fig):
    whole = fig(f"train {RUNS[name]} --name whole")
    part = part_of(RUNS[name], fig)
    fig("train --resume part --include-eval yes")
    assert_same(whole, part)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adagvae", "fvae"])
def test_killed_processes_resume_to_the_same_bits(name, runs):
    whole = start(f"{RUNS[name]} --name whole")
    for words, step in ((f"{RUNS[name]} --name killed", 7), ("--resume killed", 11)):
        assert kill_at(words, step)[0] == -signal.SIGKILL
    code, _, errors = finish(start("--resume killed"))
    assert code == 0, errors
    assert finish(whole)[0] == 0
    assert_same(runs / "whole", runs / "killed")


def test_both_optimisers_are_in_a_checkpoint(fig):
    run = fig(f"train {RUNS['fvae']} --name run --include-eval no")
    path = run / "ckpt12" / "training.pth.tar"
    state = load_tensors(path)
    (discriminator,) = state["other_optimisers"]
    assert discriminator["param_groups"][0]["betas"] == (0.5, 0.9) and discriminator["param_groups"][0]["lr"] == 1e-4
    assert len(discriminator["state"]) == 6 and discriminator["state"][0]["step"] == 12
    assert discriminator["state"][0]["exp_avg"].shape == (30, 12)
    model = load_tensors(run / "ckpt12" / "model.pth.tar")["model"]
    assert len(state["optimiser"]["state"]) == len(model) - 1 - 6  # but the latents of the last batch
    save_tensors(path, {key: value for key, value in state.items() if key != "other_optimisers"})
    seal(run / "ckpt12")
    with pytest.raises(UserError, match="does not fit the config of the run"):
        fig("train --resume run --budget 13")


def test_checkpoints_of_before_have_one_optimiser(fig):
    run = fig(f"train a/conv12 m/ae {VECTORS} --name run --include-eval no")
    path = run / "ckpt12" / "training.pth.tar"
    state = load_tensors(path)
    assert state.pop("other_optimisers") == []
    save_tensors(path, state)
    seal(run / "ckpt12")
    fig("train --resume run --budget 13")
    assert checkpoint_steps(run)[-1] == 13


@pytest.mark.slow
def test_weights_and_capacities_have_curves(fig):
    run = fig(f"train {RUNS['cyclic']} --name cyclic --include-eval no")
    # Two cycles of six steps, in each of which three go up.
    third = pytest.approx(1 / 3, rel=1e-5)
    two = pytest.approx(2 / 3, rel=1e-5)
    assert curve(run, "reg-wt/train") == list(
        zip(range(1, 13), [third, two, 1, 1, 1, 0, third, two, 1, 1, 1, 1], strict=True)
    )
    stored = sae.load_run("cyclic", step=10).config
    assert stored.pull("reg_wt.steps") == 12  # the budget of then
    assert sae.load_run("cyclic", step=10).model.weight == 1
    assert sae.load_run("cyclic").model.reg_wt == 1
    run = fig(f"train {RUNS['annealed']} --name annealed --include-eval no")
    assert curve(run, "capacity/train") == [(step, pytest.approx(min(2.5 * step, 25))) for step in range(1, 13)]
    assert curve(run, "reg-wt/train") == []
    assert sae.load_run("annealed", step=5).model._capacity == 12.5


@pytest.mark.slow
def test_the_number_of_training_points_is_found_out(fig, runs):
    run = fig(f"train {RUNS['tcvae']} --name run --include-eval no")
    assert "\ndataset_size: 270\n" in (run / "config.yaml").read_text()
    assert sae.load_run("run").model.dataset_size == 270
    shutil.rmtree(run / "ckpt12")
    assert fig(f"train {RUNS['tcvae']} --name run --include-eval no --resume auto") == run
    other = fig(f"train {RUNS['tcvae']} --name other --include-eval no --model.dataset-size 1000")
    assert (
        sae.load_run("other").model.dataset_size == 1000 and "\ndataset_size" not in (other / "config.yaml").read_text()
    )
    assert "dataset_size" not in (fig(f"train {RUNS['qlae']} --include-eval no") / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("a/conv12 m/tcvae d/vec", "vec_tcvae4_e-c12_d-c12"),
        ("a/e/conv12 a/d/strc/12 m/fvae d/shapes", "shapes_fvae40_e-c12_d-s12"),
        ("a/ladder/4 m/dipvae d/vec --reg-wt 5", "vec_dipvae5_e-l4_d-l4"),
        ("a/conv12 m/vae d/vec --reg-wt._type schedule/linear --reg-wt.end 2 --reg-wt.steps 9", "vec_vae2_e-c12_d-c12"),
        ("a/conv12 m/qlae d/vec", "vec_qlae0p01_e-c12_d-c12"),
        ("a/conv12 m/published/tcvae d/vec", "vec_published-tcvae4_e-c12_d-c12"),
    ],
)
def test_names(words, name):
    from omnilearn.config import read
    from omnilearn.config.command_line import split_command_line
    from omnilearn.runs.naming import RunNaming

    configs, keys = split_command_line(words.split())
    model = sae.build_model(*configs, shape=100 if "d/vec" in configs else (3, 64, 64), **keys)
    naming = read(sae.create_config(*configs, **keys).peek("run"), RunNaming)
    assert naming.base_name(model, dataset="-", method="-") == name


MISTAKES = [
    ("a/conv12 m/adagvae d/vec", "dataset.pairs: pairs differ in factors, and d/vec has no grid of factors"),
    ("a/conv12 m/adagvae d/shapes --dataset.pairs null", "dataset.pairs: this method trains on pairs"),
    ("a/conv12 m/adagvae d/shapes --dataset.pairs all", "dataset.pairs: expected one of uniform_fixed, published"),
    ("a/conv12 m/vae d/shapes --dataset.pairs published", "dataset.pairs: this method trains on single observations"),
    ("a/conv12 m/tcvae d/vec --model.encoder._mod.normal _x_", "needs an encoder with the modifier `normal`"),
    ("a/conv12 m/qlae d/vec --model.encoder._mod.normal 1", "need an encoder without the modifier `normal`"),
    ("a/conv12 m/qlae d/vec --model.book-size [3,4]", "book_size: 2 numbers of values for 12 latents"),
    ("a/conv12 m/qlae d/vec --model.book-size 0", "book_size must be at least 1"),
    ("a/conv12 m/infovae d/vec --reg-wt 1", "reg_wt must be at least 1 - alpha"),
    ("a/conv12 m/tcvae d/vec --model.estimator mmd", "model.estimator: expected one of mws, mss, published"),
    ("a/conv12 m/tcvae d/vec --dataset-size 5", "--model.dataset-size"),
    ("a/conv12 m/fvae d/vec --model.discriminator.hiden [5]", "did you mean model.discriminator.hidden"),
    ("a/conv12 m/fvae d/vec --model.discriminator.optim null", "model.discriminator.optim: expected a Optimiser"),
    (
        "a/conv12 m/vae d/vec --reg-wt._type schedule/linear --reg-wt.end 2",
        "reg_wt: LinearWeight needs a value for steps",
    ),
    ("a/conv12 m/vae d/vec --reg-wt._type schedule/linear --reg-wt.end 2 --reg-wt.steps 0", "steps must be at least 1"),
    ("a/conv12 m/vae d/vec --reg-wt._type schedule/liner", "no component named 'schedule/liner' (did you mean"),
    ("a/conv12 m/vae d/vec --reg-wt._type scheduler/cos", "reg_wt: expected float or WeightSchedule"),
    ("a/conv12 m/vae d/vec --reg-wt much", "reg_wt: expected float or WeightSchedule, got 'much'"),
    ("a/conv12 m/tcvae m/fvae d/vec", "two configs for the method"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_a_mistake_is_one_line(words, message, fig, runs):
    with pytest.raises(UserError) as error:
        fig(f"train {words} --budget 1 --viz null --device cpu")
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not runs.exists()
