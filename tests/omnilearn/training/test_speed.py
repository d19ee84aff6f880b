"""Threads that are measured, and losses that are compiled: when, that it is noted and kept, and that numbers stay."""

import os
import warnings

import pytest
import torch
from torch import nn

import sae_src as sae
from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import UserError
from omnilearn.layers import ConvLayer
from omnilearn.layers.criteria import Criterion
from omnilearn.runs.identity import request_of
from omnilearn.tensor_files import load_tensors
from omnilearn.training import speed
from omnilearn.training.speed import CompilerError, choose_compilation, compiled, has_cpp_compiler, seconds_per_step
from sae_src.structure_modules import RungInfer

KEYS = "--dataset.num-samples 600 --budget 2 --device cpu --name-include-date no --viz null --validation null"
COMMAND = f"train hybrid a/conv12 m/ae d/vec {KEYS} --include-eval no"
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def compiler(monkeypatch):
    monkeypatch.setattr(speed, "has_cpp_compiler", lambda: True)


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("wanted", "device", "images", "steps", "expected"),
    [
        (False, CUDA, False, 10**6, False),
        (True, CPU, True, 1, True),
        ("auto", CUDA, True, 100_000, True),  # as measured
        ("auto", CUDA, True, 10_000, False),  # over in 50 s
        ("graphs", CUDA, True, 1, True),
        ("auto", CPU, True, 10**6, False),
        ("auto", CPU, False, 100_000, True),
        ("auto", CPU, False, 10_000, False),
    ],
)
def test_it_is_compiled_where_that_pays(wanted, device, images, steps, expected, compiler):
    found = choose_compilation(
        wanted, device=device, images=images, steps=steps, seconds=lambda: 0.005, seconds_compiled=lambda: 0.001
    )
    assert found.compiled == expected and bool(found.reason) == (wanted is not False)


@pytest.mark.parametrize("images", [False, True])
def test_compiled_passes_are_replayed_on_a_gpu(images, compiler):
    times = {"seconds": lambda: 0.005, "seconds_compiled": lambda: 0.001}
    for wanted, device in [(True, CUDA), ("auto", CUDA), ("graphs", CUDA), (True, CPU)]:
        chosen = choose_compilation(wanted, device=device, images=images, steps=100_000, **times)
        assert chosen.graphs == (device == CUDA)
    with pytest.raises(UserError, match=r"^compile: CUDA graphs need a GPU"):
        choose_compilation("graphs", device=CPU, images=False, steps=1, **times)


def test_on_a_gpu_compiling_is_tried_out():
    def choose(seconds_compiled):
        settings = {"device": CUDA, "images": True, "steps": 100_000, "seconds": lambda: 0.005}
        return choose_compilation("auto", **settings, seconds_compiled=seconds_compiled)

    def fails():
        raise CompilerError("torch cannot: no such layout", "--compile no does without")

    def breaks():
        raise RuntimeError("of ours")

    assert choose(lambda: 0.002).described == "compiled: a step takes 5 ms, 2 ms compiled"
    assert choose(lambda: 0.006).described == "not compiled: a step takes 5 ms, 6 ms compiled"
    assert choose(fails).described == "not compiled: torch cannot: no such layout"
    with pytest.raises(RuntimeError, match="of ours"):
        choose(breaks)


def test_without_a_compiler(monkeypatch):
    monkeypatch.setattr(speed, "has_cpp_compiler", lambda: False)
    settings = {"device": CPU, "images": False, "steps": 10**6, "seconds": lambda: 1.0, "seconds_compiled": lambda: 1.0}
    assert choose_compilation("auto", **settings).described == "not compiled: there is no C++ compiler"
    with pytest.raises(UserError, match=r"^compile: needs a C"):
        choose_compilation(True, **settings)


def test_measuring_changes_nothing():
    model = sae.build_model("hybrid", "a/conv12", "m/vae", "d/vec", shape=(100,))
    before = {name: value.clone() for name, value in model.state_dict().items() if value is not None}
    state = torch.get_rng_state()
    assert seconds_per_step(model, torch.randn(8, 100, generator=torch.Generator()), 0) > 0
    assert torch.equal(torch.get_rng_state(), state)
    after = {name: value for name, value in model.state_dict().items() if value is not None}
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in model.parameters()) and not model.has_latents


def test_the_fastest_number_of_threads(threads):
    torch.set_num_threads(4)
    times = {1: 0.1, 2: 0.06, 4: 0.058}
    words = speed.use_fastest_threads(lambda: times[torch.get_num_threads()])
    assert torch.get_num_threads() == 2  # the fourth saves too little
    assert words == "2 measured as the fastest (1: 100 ms, 2: 60 ms, 4: 58 ms for a step)"


def test_choices_are_noted_and_kept(fig, threads, compiler, capsys):
    run = fig(f"{COMMAND} --name chosen --compile auto --threads auto")
    said = capsys.readouterr().out.splitlines()
    config, info = (load_yaml((run / name).read_text(), name) for name in ("config.yaml", "info.yaml"))
    assert isinstance(config["threads"], int) and info["threads"] == config["threads"]
    assert config["compile"] == "auto" and config["compiled"] is False
    assert info["compilation"].startswith("not compiled: 2 steps would save about 0 s")
    assert f"losses: {info['compilation']}" in said and f"threads: {info['threads_chosen']}" in said
    fig("train --resume chosen --budget 3")
    assert "losses: not compiled: as it began" in capsys.readouterr().out
    assert "compiled" not in request_of(config)  # what is asked for is the same before a run as for its config
    with pytest.raises(UserError, match=r"^--compile would make this another experiment"):
        fig("train --resume chosen --compile yes --budget 4")


def test_what_a_run_notes_cannot_be_set(fig):
    with pytest.raises(UserError, match=r"^--compiled: a run notes that itself"):
        fig(f"{COMMAND} --compiled yes")


def compiles(test):
    """For a test that compiles: it is slow, and warns where torch's compiler uses what torch will remove."""
    for mark in (
        pytest.mark.slow,
        pytest.mark.skipif(not has_cpp_compiler(), reason="torch compiles with a C++ compiler, and there is none"),
        pytest.mark.filterwarnings("ignore"),
    ):
        test = mark(test)
    return test


@compiles
def test_a_compiled_run_resumes_to_the_bit(fig, runs):
    few = "--model.encoder.layers [] --model.decoder.layers []"
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    whole = fig(f"{COMMAND} {few} --name whole --compile yes --budget 4")
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1  # for all steps and the look before them
    parts = fig(f"{COMMAND} {few} --name parts --compile yes --budget 2")
    torch._dynamo.reset()
    fig("train --resume parts --budget 4")
    states = [load_tensors(run / "ckpt4" / "model.pth.tar")["model"] for run in (whole, parts)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert load_yaml((parts / "config.yaml").read_text(), "")["compiled"] is True


@compiles
def test_compiled_gradients_of_a_ladder_in_16_bits_are_finite():
    torch.manual_seed(0)
    conv = ConvLayer((3, 8, 8), channels=8)
    rung = RungInfer(conv.dout, style_dim=2, rung_net=lambda din, dout: nn.Linear(din, dout))
    observations = torch.randn(4, 3, 8, 8)

    def losses(observations):
        return {"loss": rung(conv(observations)).float().square().sum()}

    found = []
    for function in (losses, compiled(losses)):
        with torch.autocast("cpu", torch.bfloat16):
            result = function(observations)
        found.append(torch.autograd.grad(result["loss"], list(conv.parameters())))
    for eager, same in zip(*found, strict=True):
        assert torch.allclose(same, eager, rtol=0.05, atol=0.05 * float(eager.abs().max()))


@compiles
def test_a_compiled_cross_entropy_of_what_is_no_number_is_none_either():
    criterion = Criterion("bce")

    def losses(output):
        return {"loss": criterion(output, torch.full_like(output, 0.25))}

    output = torch.rand(8, requires_grad=True)
    with torch.no_grad():
        output[3] = torch.nan
    assert compiled(losses)(output)["loss"].isnan()


def test_warnings_of_the_compiler_are_kept_from_users(monkeypatch):
    def compile_and_warn(function, **_):
        def run(observations):
            warnings.warn("TensorFloat32 tensor cores available but not enabled.", stacklevel=1)
            return function(observations)

        warnings.warn("`torch.jit.script_method` is deprecated.", DeprecationWarning, stacklevel=1)
        return run

    monkeypatch.setattr(torch, "compile", compile_and_warn)
    losses = compiled(lambda output: {"loss": output.sum()})
    assert losses(torch.ones(3))["loss"] == 3
    with pytest.raises(UserWarning, match="TensorFloat32"):  # what comes when all is compiled is told
        losses(torch.ones(3))


@compiles
def test_compiled_losses_are_the_same():
    found = []
    for change in (lambda losses: losses, lambda losses: compiled(losses)):
        few = {"model.encoder.layers": [], "model.decoder.layers": []}
        model = sae.build_model("hybrid", "a/conv12", "m/vae", "d/vec", shape=(100,), **few).train()
        names = list(model.state_dict())
        losses = change(model.losses)
        optimiser = torch.optim.Adam(model.parameters(), fused=True)
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        values = []
        for _ in range(20):
            result = losses(torch.randn(16, 100, generator=generator))
            optimiser.zero_grad()
            result["loss"].backward()
            optimiser.step()
            values.append(result["loss"].item())
        found.append(values)
        assert set(model.state_dict()) == {*names, "_latent"}  # what it remembers of the last batch
    eager, same = found
    assert same == pytest.approx(eager, rel=1e-5)


@compiles
def test_a_ladder_encoder_can_be_compiled(fig):
    command = COMMAND.replace("a/conv12 m/ae", "a/ladder/2 m/vae")
    eager, compiled = (fig(f"{command} --name {choice} --compile {choice}") for choice in ("no", "yes"))
    states = [load_tensors(run / "ckpt2" / "model.pth.tar")["model"] for run in (eager, compiled)]
    assert all(torch.allclose(states[1][name], value, atol=1e-5) for name, value in states[0].items())


@compiles
def test_parts_trained_apart_are_compiled_together(fig):
    few = "--model.encoder.layers [] --model.decoder.layers [] --model.discriminator.hidden [8]"
    command = f"{COMMAND.replace('m/ae', 'm/fvae')} {few}"
    eager, compiled = (fig(f"{command} --name {choice} --compile {choice}") for choice in ("no", "yes"))
    states = [load_tensors(run / "ckpt2" / "model.pth.tar")["model"] for run in (eager, compiled)]
    assert any(name.startswith("discriminator") for name in states[0])
    for name, value in states[0].items():
        assert torch.allclose(states[1][name], value, atol=1e-5), name


@pytest.mark.slow
def test_a_compiler_that_fails_is_one_line(shell, tmp_path):
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    env = {**os.environ, "CXX": str(compiler), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    words = "train a/conv12 m/ae d/vec --dataset.num-samples 600 --budget 3 --viz null --compile yes --device cpu"
    result = shell(f"{words} --model.encoder.layers [] --model.decoder.layers []", env=env)
    assert result.returncode == 2
    assert result.stderr.startswith("error: compile: torch cannot: ") and result.stderr.count("\n") == 1
