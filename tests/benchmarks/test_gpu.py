"""The benchmark of GPUs, tried on a CPU: its compiled modes are compiled, and what a graph of its own says is read."""

import argparse
import subprocess

import pytest
import torch

from benchmarks import gpu

SIZES = argparse.Namespace(steps=1, rounds=1, batch_size=2)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _drawn_views(shapes_root, monkeypatch):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("SAE-12, 64 x 64", (3, 64, 64)),
        pytest.param("SAE-16, 128 x 128", (3, 128, 128), marks=pytest.mark.slow),  # its views are drawn
        ("VLAE-12, 64 x 64", (3, 64, 64)),
        ("SAE-12, d/vec", 100),
    ],
)
def test_every_model_is_built(name, size):
    assert gpu.built(name, 2, CPU, "float32")[0].model.din == size


def test_compiled_modes_are_compiled(tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(gpu, "built", lambda *words, compiled=False: built.append((words[3], compiled)))
    monkeypatch.setattr(gpu, "Loop", lambda *parts: argparse.Namespace(seconds=None))
    for mode in (*gpu.EAGER, *gpu.COMPILED):
        gpu.steps_of(mode, "M", 2, CPU, tmp_path, None)
    assert built == [(mode.split(",")[0], "compiled" in mode) for mode in (*gpu.EAGER, *gpu.COMPILED)]
    monkeypatch.undo()
    assert gpu.built("SAE-12, d/vec", 2, CPU, "bf16", compiled=True)[0].compilation.compiled


def test_modes_take_turns():
    times = gpu.times_in_turns(["float32", gpu.BY_HAND], "SAE-12, d/vec", SIZES, CPU)
    assert list(times) == ["float32", gpu.BY_HAND]
    assert all(len(each) == 1 and each[0] > 0 for each in times.values())


def test_a_graph_that_fails_is_told_and_left_out(monkeypatch, capsys):
    answers = [
        subprocess.CompletedProcess([], 0, 'something\n{"graph": [0.5]}\n', ""),
        subprocess.CompletedProcess([], 1, "", "Traceback\ntorch.AcceleratorError: CUDA error: illegal\nmore\n"),
        subprocess.CompletedProcess([], -11, "", ""),
    ]
    monkeypatch.setattr(subprocess, "run", lambda *words, **settings: answers.pop(0))
    assert [gpu.apart(["graph"], "M", SIZES) for _ in range(3)] == [{"graph": [0.5]}, {}, {}]
    assert capsys.readouterr().err.splitlines() == [
        "M, graph: torch.AcceleratorError: CUDA error: illegal",
        "M, graph: exit code -11",
    ]


def test_all_that_is_compiled_is_compiled_at_once(monkeypatch, capsys):
    jobs = []
    monkeypatch.setattr(gpu, "apart", lambda modes, name, arguments: jobs.append((*modes, name, arguments.steps)))
    gpu.compile_all(argparse.Namespace(**vars(SIZES) | {"models": ["M", "N"], "steps": 60}))
    assert sorted(jobs) == sorted((mode, name, 1) for name in ("M", "N") for mode in gpu.COMPILED)
    assert "compiled in" in capsys.readouterr().err
