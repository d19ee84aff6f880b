"""Runs that start with the weights of another one: what is trained, what is noted, resuming, and what is refused."""

import shutil
import signal

import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.identity import identity
from omnilearn.runs.info import read_info
from omnilearn.runs.stored_config import read_stored_config
from omnilearn.tensor_files import load_tensors
from tests.omnilearn.training.test_resume import assert_same, finish, kill_at, start
from tests.sae_src.commands.grid_runs import HOLDOUT, MODEL, SHIFT, write_grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grid_file(tmp_path_factory):
    return write_grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def origin(tmp_path_factory, grid_file):
    """A folder of runs with one that was trained on a part of the grid, for copies."""
    root = tmp_path_factory.mktemp("origin")
    words = f"{MODEL} --path {grid_file} {SHIFT} --budget 12 --name part --saveroot {root}".split()
    import omnifig

    omnifig.main(["train", *words, "--checkpoint.freq", "5", "--device", "cpu"])
    return root


@pytest.fixture
def part(origin, runs):
    """The run in the folder of runs of this test."""
    runs.mkdir()
    return shutil.copytree(origin / "part", runs / "part")


def weights(run, step: int) -> dict[str, torch.Tensor]:
    return load_tensors(run / f"ckpt{step}" / "model.pth.tar")["model"]


@pytest.mark.parametrize("update", ["encoder", "decoder", "both"])
def test_only_the_part_is_updated(update, part, fig):
    run = fig(f"train --from part --update {update} --budget 4")
    before, first, after = weights(part, 12), weights(run, 0), weights(run, 4)
    assert before.keys() == first.keys() == after.keys()
    assert all(torch.equal(before[name], first[name]) for name in before)
    for name in before:
        is_updated = update == "both" or name.startswith(f"{update}.")
        assert torch.equal(before[name], after[name]) != is_updated, name
    training = load_tensors(run / "ckpt4" / "training.pth.tar")
    trained = [name for name in before if update in ("both", name.split(".")[0])]
    assert len(training["optimiser"]["param_groups"][0]["params"]) == len(trained)
    assert run.name == f"array_ae_e-c12_d-c12_update-{update}"


def test_from_python(part, fig, runs):
    expected = fig("train --from part --update decoder --budget 2 --dataset.batch-size 8 --name line")
    keys = {"dataset.batch_size": 8}
    noted = ("holdout", "train_on", "batch_size")
    for number, from_run in enumerate(["part", part, sae.load_run(part)]):
        run = sae.train(from_run=from_run, update="decoder", budget=2, name=f"python{number}", **keys)
        assert run.path == runs / f"python{number}" and run.step == 2
        assert all(torch.equal(value, weights(expected, 2)[name]) for name, value in weights(run.path, 2).items())
        of_line, of_python = (read_stored_config(path)["dataset"] for path in (expected, run.path))
        assert {key: of_python[key] for key in noted} == {key: of_line[key] for key in noted}
        assert read_info(run.path)["origin"] == read_info(expected)["origin"]


def test_mistakes_from_python(part):
    with pytest.raises(UserError, match="update: it goes with from_run"):
        sae.train("d/vec", update="decoder")
    with pytest.raises(UserError, match="update: expected one of encoder, decoder, both, got 'decodr'"):
        sae.train(from_run="part", update="decodr", budget=4)
    with pytest.raises(UserError, match="budgt"):
        sae.train(from_run="part", budgt=4)


def test_what_is_noted_and_what_it_is_trained_on(part, fig, runs):
    run = fig("train --from part --update decoder --budget 4 --checkpoint.freq 1 --checkpoint.keep 1 --name more")
    assert checkpoint_steps(run) == [0, 4]  # the first weights stay
    info = read_info(run)
    assert {key: info["origin"][key] for key in ("run", "step", "update")} == {
        "run": "part",
        "step": 12,
        "update": "decoder",
    }
    loaded = sae.load_run(run)
    assert len(loaded.dataset("train")) == 173  # all of it
    assert loaded.data.loading.training_batches(loaded.dataset("train"), 0).one_epoch  # one after the other
    assert len(loaded.dataset("heldout")) == 72 and len(loaded.dataset("rest")) == 168
    # Another experiment than its origin, whatever it is called.
    stored, of_part = read_stored_config(run), read_stored_config(part)
    assert identity(stored) != identity({**of_part, "budget": 4})
    # Further stages, on what the command line says; the rules of all stages are known.
    last = fig("train --from more --update both --budget 2 --dataset.holdout {shape:[3]} --name last")
    assert sae.load_run(last).config.peek("origin").to_python()["holdouts"] == [{"angle": [0, 1, 2]}]
    factors = sae.load_run(last).data
    train = factors.dataset.factors(factors.subset("train").indices)
    assert (train[:, 1] != 3).all() and (train[:, 2] == 0).any()


def test_runs_from_several_seeds_are_compared_as_one_model(fig, grid_file, part, runs):
    fig(f"train {MODEL} --path {grid_file} {SHIFT} --budget 12 --name other --seed 1 --checkpoint.freq 5 --device cpu")
    for name in ("part", "other"):
        fig(f"train --from {name} --update decoder --budget 2 --name from-{name}")
        fig(f"train --from {name} --update encoder --budget 2 --name too-from-{name}")
    rows = fig("compare --runs all --scores eval.rec_loss")
    names = sorted(sorted(run.summary.name for run in row.runs) for row in rows)
    assert names == [["from-other", "from-part"], ["other", "part"], ["too-from-other", "too-from-part"]]


def test_batch_norm_averages_stay(fig, grid_file, shapes_root, monkeypatch, runs):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))
    keys = "--budget 2 --dataset.batch-size 2 --image-size 32 --validation null --include-eval no --fid null"
    keys += " --factor-distance null --viz null --name-include-date no --model.norm batch"
    fig(f"train a/conv12 m/ae d/shapes {keys} --name first")
    run = fig("train --from first --update encoder --budget 2 --name second")
    before, after = weights(runs / "first", 2), weights(run, 2)
    averages = [name for name in before if "running" in name or "num_batches" in name]
    assert averages and any(name.startswith("decoder.") for name in averages)
    for name in averages:
        assert torch.equal(before[name], after[name]) == name.startswith("decoder."), name


@pytest.mark.parametrize("method", ["m/vae", "m/fvae --model.discriminator.hidden [8]", "m/qlae", "m/annealed"])
def test_methods_with_other_parts(method, fig, grid_file):
    name, *keys = method.split()
    words = f"hybrid {MODEL.replace('m/ae', name)} --path {grid_file} {HOLDOUT} {' '.join(keys)}"
    first = fig(f"train {words} --budget 3 --name first")
    run = fig("train --from first --update decoder --budget 3 --name second")
    before, after = weights(first, 3), weights(run, 3)
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed - {"_latent"} == {"decoder"}
    changed = {
        name.split(".")[0]
        for name, value in weights(fig("train --from first --update encoder --budget 3 --name third"), 3).items()
        if not torch.equal(before[name], value)
    }
    assert "encoder" in changed and "decoder" not in changed


def test_it_resumes_to_the_same_bits(part, fig, runs):
    keys = "--update decoder --checkpoint.freq 5 --validation.freq 7"
    fig(f"train --from part {keys} --budget 12 --name whole")
    fig(f"train --from part {keys} --budget 7 --name halved")
    shutil.rmtree(runs / "part")  # it is not needed any more
    fig("train --resume halved --budget 12")
    assert_same(runs / "whole", runs / "halved")


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_bits(part, runs):
    keys = "--update encoder --budget 40 --checkpoint.freq 9 --print.freq 1"
    assert finish(start(f"--from part {keys} --name whole"))[0] == 0
    code, _, _ = kill_at(f"--from part {keys} --name killed", 4)  # before a checkpoint of its own
    assert code == -signal.SIGKILL and checkpoint_steps(runs / "killed") == [0]
    shutil.rmtree(runs / "part")
    kill_at("--resume killed", 21)
    assert finish(start("--resume killed"))[0] == 0
    assert_same(runs / "whole", runs / "killed")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--from prat", "no run named 'prat' (did you mean part?)"),
        ("--from part --resume part", "--resume does not go with --from"),
        ("--from part --resume auto", "--resume does not go with --from"),
        ("--from part --override.budget 3", "--override.budget does not go with --from"),
        ("--from part --origin.run x", "--origin.run does not go with --from"),
        ("--from part --update decodr", "update: expected one of encoder, decoder, both, got 'decodr'"),
        ("--from part --updat decoder", "--updat is not a key of this run (did you mean update?)"),
        ("--from part --latent-dim 5", "from: the weights of part do not fit this model, whose architecture"),
        ("a/conv12 --from part", "the architecture stands over the config of part"),
        ("d/vec --from part", "from: part was trained on observations of 12, and those of d/vec are of 100"),
        ("--from part --dataset.holdout {angl:[1]}", "dataset.holdout: d/array has no factor 'angl'"),
        ("--from", "--from: the value is missing"),
        ("a/conv12 m/ae d/vec --update decoder", "--update: goes with --from RUN"),
        ("a/conv12 m/ae d/vec --origin.run x", "origin: a run notes that itself"),
    ],
)
def test_refused(words, message, part, fig, runs):
    before = sorted(runs.iterdir())
    with pytest.raises(UserError) as error:
        fig(f"train {words} --budget 2")
    assert message in str(error.value) and "\n" not in str(error.value)
    assert sorted(runs.iterdir()) == before


def test_without_weights_to_start_with(part, fig, runs):
    fig("train --from part --budget 2 --name second")
    for step in (0, 2):
        shutil.rmtree(runs / "second" / f"ckpt{step}")
    with pytest.raises(UserError, match="second has no checkpoint, not even of the weights of part"):
        fig("train --resume second --budget 3")
    with pytest.raises(UserError, match="from: second has no checkpoint yet"):
        fig("train --from second --budget 2")


def test_another_size_of_images(fig, tmp_path, part):
    np.save(tmp_path / "images.npy", np.zeros((20, 32, 32), np.uint8))
    with pytest.raises(UserError) as error:
        fig(f"train --from part --path {tmp_path / 'images.npy'} --dataset.holdout null --budget 2")
    assert "from: part was trained on observations of 12, and those of d/array are of 1 x 32 x 32" in str(error.value)
