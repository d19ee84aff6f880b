"""Runs of the published system, for other architectures and methods than the one that is stored here."""

import copy
import shutil

import pytest
import torch
import yaml

import sae_src as sae
from omnilearn.errors import UserError
from sae_src.methods import mean_of
from tests.conftest import REFERENCE

STORED = REFERENCE / "original_run" / "vec_ae_e-c12_d-s12_261124-073659"
PATTERNS = {"c": "<>conv_type", "d": "<>conv_type", "S": "<>style_type", "R": "<>rung_type"}
NETS = {"S": "<!>style_net", "R": "<!>rung_net"}
EXPRESSION = {"_type": "expr", "_op": "//", "_terms": ["<>latent-dim", "<>tfms"]}


def layers(pattern: str) -> list[dict]:
    """A stack as the published configs wrote it."""
    return [{"_type": PATTERNS[letter], **({"net": NETS[letter]} if letter in NETS else {})} for letter in pattern]


def ladder(config: dict) -> None:
    config["model"]["encoder"] = {
        "_type": "ladder-enc",
        "_din": "<>din",
        "_dout": None,
        "first": {"_type": "<>conv_type", "down": 2, "kernel": 5},
        "last": None,
        "layers": layers("cRcdRccRdcRdcRdcR"),
        "rung_net": {"_type": "mlp", "hidden": ["<>width"]},
        "rung_type": "rung-infer",
        "pool-rung": "max",
        "tfms": 6,
        "style-dim": EXPRESSION,
    }
    config["model"]["decoder"].update(style_type="rung-gen", tfms=6, layers=layers("ScdScdSccSdcScdSc"))


def variational(config: dict) -> None:
    config["model"]["_model_type"] = "vae"
    config["model"].pop("reg-wt")
    config["reg-wt"] = 1
    # The doubled size was written into the encoder's node.
    config["model"]["encoder"].update({"_mod": {"normal": 1}, "_dout_key": "latent-dim", "latent-dim": 24})


def shared(config: dict) -> None:
    config["model"]["decoder"].update({"split-style": False, "style-dim": "<>latent-dim"})


def wasserstein(config: dict) -> None:
    config["model"].update(_model_type="wae", _model_mod={"hybrid": 1, "gaussian-prior": 1})
    config["model"].pop("reg-wt")
    config["reg-wt"] = 10


def plain(config: dict) -> None:
    config["model"]["decoder"] = {
        "_type": "multilayer",
        "_din": "<>latent-dim",
        "_dout": "<>dout",
        "in_order": False,
        "first": {"_type": "mlp", "hidden": ["<>width"]},
        "last": {"_type": "<>conv_type", "nonlin": None, "norm": None, "up": 2},
        "layers": layers("cdcdccdccdc"),
        "unpool": "bilinear",
        "up": 1,
    }


def private_nets(config: dict) -> None:
    """Some configs were stored with a copy of the style net in each layer."""
    for layer in config["model"]["decoder"]["layers"]:
        if "net" in layer:
            layer["net"] = {"_type": "mlp", "hidden": ["<>width"], "_mod": {"normal": 1}, "_dout": 128}


CASES = {
    "SAE, nets copied": ([private_nets], ("a/e/conv12", "a/d/strc/12", "m/ae")),
    "AdaAE WAE": ([shared, wasserstein], ("nosplit", "a/e/conv12", "a/d/strc/12", "m/wae")),
    "VLAE": ([ladder, variational], ("a/ladder/6", "m/vae")),
    "ladder AE": ([ladder], ("a/ladder/6", "m/ae")),
    "VAE": ([plain, variational], ("a/conv12", "m/vae")),
    "structural VAE": ([variational], ("a/e/conv12", "a/d/strc/12", "m/vae")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_other_models_of_the_published_system_load(name, tmp_path, fig):
    changes, words = CASES[name]
    config = yaml.safe_load((STORED / "config.yaml").read_text())
    for change in changes:
        change(config)
    model = sae.build_model("hybrid", *words, "d/vec", shape=(100,), seed=3)
    observations = torch.randn(8, 100)
    latent = mean_of(model.train().losses(observations)["latent"]).detach()
    state = {**model.state_dict(), "encoder._content": torch.zeros(8, 64), "encoder.layers.0.coords": torch.zeros(2)}
    path = tmp_path / "run"
    (path / "ckpt400").mkdir(parents=True)
    (path / "config.yaml").write_text(yaml.safe_dump(config))
    stored = {"model_str": "-", "model_state": {"model": {"parameters": state, "attrs": {}}, "hparams": ["reg_wt"]}}
    torch.save(stored, path / "ckpt400" / "model.pth.tar")

    run = sae.load_run(path)
    assert type(run.model).__mro__[2] is type(model).__mro__[2]
    assert run.model.reg_wt == model.reg_wt
    assert torch.equal(mean_of(run.model.encode(observations)), latent)
    assert torch.equal(run.model.decode(latent), model.eval().decode(latent))
    assert torch.equal(run.model._latent, latent)
    assert fig(f"eval --load {path} --step-limit 1 --device cpu").samples == 128


def test_code_in_a_published_checkpoint_is_refused(tmp_path):
    class Exploit:
        def __reduce__(self):
            return print, ("executed",)

    path = tmp_path / "run"
    shutil.copytree(STORED, path)
    torch.save({"model_state": Exploit()}, path / "ckpt400" / "model.pth.tar")
    with pytest.raises(UserError, match="refused"):
        _ = sae.load_run(path).model
    torch.save({"weights": copy.copy(1)}, path / "ckpt400" / "model.pth.tar")
    with pytest.raises(UserError, match="holds no model"):
        _ = sae.load_run(path).model
