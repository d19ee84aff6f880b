"""The benchmark of GPUs, tried on a CPU: its compiled modes are compiled, and what a graph of its own says is read."""

import argparse
from contextlib import contextmanager

import pytest
import torch

import sae_src as sae
from benchmarks import gpu, gpu_modes

CPU = torch.device("cpu")
VECTORS = "SAE-12, d/vec"
SIZES = argparse.Namespace(models=[VECTORS], steps=1, rounds=2, batch_size=2, device="cpu")


@pytest.fixture(autouse=True)
def _drawn_views(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("SAE-12, 64 x 64", (3, 64, 64)),
        ("VLAE-12, 64 x 64", (3, 64, 64)),
        ("SAE-12, d/vec", 100),
    ],
)
def test_models_are_built_with_their_data(name, size):
    assert gpu_modes.built(name, 2, CPU, "float32")[0].model.din == size


def test_the_largest_model_is_built():
    name = "SAE-16, 128 x 128"  # drawing its data takes long
    model = sae.build_model(*gpu_modes.MODELS[name], image_size=128, shape=(3, 128, 128))
    assert model.decoder.segments == 16 and model.din == (3, 128, 128)


def test_compiled_modes_are_compiled(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(gpu_modes, "built", lambda *words, compiled=False: made.append((words[3], compiled)))
    monkeypatch.setattr(gpu_modes, "Loop", lambda *parts: argparse.Namespace(seconds=None))
    for mode in (*gpu.EAGER, *gpu.COMPILED):
        gpu.steps_of(mode, "M", 2, CPU, tmp_path, None)
    assert made == [(mode.split(",")[0], "compiled" in mode) for mode in (*gpu.EAGER, *gpu.COMPILED)]
    monkeypatch.undo()
    assert gpu_modes.built(VECTORS, 2, CPU, "bf16", compiled=True)[0].compilation.compiled


@pytest.mark.slow
def test_modes_take_turns_here_and_in_processes_of_their_own(capsys):
    with gpu.Apart.started("bf16", VECTORS, SIZES) as apart:
        with gpu.prepared(["float32", gpu.BY_HAND], VECTORS, 2, CPU) as runs:
            assert apart.is_ready()
            times = gpu.in_turns({**runs, "apart": apart.seconds}, SIZES.steps, SIZES.rounds)
        assert list(times) == ["float32", gpu.BY_HAND, "apart"]
        assert all(len(each) == 2 and min(each) > 0 for each in times.values())
        apart._process.kill()  # one that ends among its rounds is told and left out
        assert gpu.in_turns({"steady": lambda steps: 0.5, "graph": apart.seconds}, 3, 2) == {"steady": [0.5 / 3] * 2}
    assert capsys.readouterr().err == f"{VECTORS}, bf16: exit code -9\n"


@pytest.mark.slow
def test_a_mode_that_cannot_get_ready_is_told(capsys):
    with gpu.Apart.started(gpu.BY_HAND_AS_GRAPH, VECTORS, SIZES) as apart:  # a graph needs a GPU
        assert not apart.is_ready()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(f"{VECTORS}, {gpu.BY_HAND_AS_GRAPH}: ") and "Error" in said[0]


def test_all_that_is_compiled_is_compiled_at_once(monkeypatch, capsys):
    jobs = []

    @contextmanager
    def started(mode, name, arguments):
        jobs.append(("begin", mode, name))
        yield argparse.Namespace(end_when_ready=lambda: None)
        jobs.append("end")

    monkeypatch.setattr(gpu.Apart, "started", started)
    gpu.compile_all(argparse.Namespace(models=["M", "N"]))
    begun = [("begin", mode, name) for name in ("M", "N") for mode in gpu.COMPILED]
    assert jobs == [*begun, *["end"] * len(begun)]
    assert "compiled in" in capsys.readouterr().err
