"""What runs are called: each part of the name, from the configs or in their place."""

from types import SimpleNamespace

import pytest

from omnilearn.runs.info import read_info
from omnilearn.runs.naming import PlainNaming
from sae_src.commands.run_naming import RunInfo, SAENaming


@pytest.mark.parametrize(
    ("info", "reg_wt", "name"),
    [
        ({}, 0.0, "shapes_ae"),
        ({}, 0.5, "shapes_ae0p5"),
        ({}, 10.0, "shapes_ae10"),
        ({}, 1e-5, "shapes_ae1e-05"),
        ({"beta": 4.0}, 0.5, "shapes_ae4"),
        ({"beta": 0.25}, 0.0, "shapes_ae0p25"),
        ({"beta": 0.0}, 0.5, "shapes_ae"),
        ({"dataset_type": "3ds", "model_type": "vae"}, 2.0, "3ds_vae2"),
        ({"enc_type": "c12"}, 0.0, "shapes_ae_e-c12"),
        ({"dec_type": "s12"}, 0.0, "shapes_ae_d-s12"),
        ({"enc_type": "c12", "dec_type": "s12", "arch_type": "no"}, 0.0, "shapes_ae_e-c12_d-s12"),
        ({"arch_type": "dislib"}, 0.0, "shapes_ae_dislib"),
        ({"extra": "two words"}, 0.0, "shapes_ae_twowords"),
        ({"arch_type": "l6", "extra": "mish"}, 1.0, "shapes_ae1_l6_mish"),
    ],
)
def test_the_parts_of_a_name(info, reg_wt, name):
    naming = SAENaming(RunInfo(**info))
    assert naming.base_name(SimpleNamespace(reg_wt=reg_wt), dataset="shapes", method="ae") == name


def test_plain_names():
    assert PlainNaming().base_name(SimpleNamespace(), dataset="mnist", method="vae") == "mnist_vae"
    assert SAENaming().info == RunInfo()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name", "model"),
    [
        ("hybrid a/e/conv12 a/d/strc/12 m/ae d/vec", "vec_ae_e-c12_d-s12", "SAE-12"),
        ("hybrid a/e/conv12 a/d/strc/6 m/ae d/vec", "vec_ae_e-c12_d-s6", "SAE-6"),
        ("hybrid nosplit a/e/conv12 a/d/strc/12 m/ae d/vec", "vec_ae_e-c12_d-s12_nosplit", "AdaAE-12"),
        ("a/e/conv12 a/d/strc/12 m/ae d/vec --model.decoder.split-style no", "vec_ae_e-c12_d-s12_nosplit", "AdaAE-12"),
        ("a/ladder/12 m/vae d/vec", "vec_vae1_e-l12_d-l12", "VLAE-12"),
        ("a/ladder/6 m/ae d/vec", "vec_ae_e-l6_d-l6", "AE-L6"),
        ("a/e/conv12 a/d/strc/6 m/vae d/vec", "vec_vae1_e-c12_d-s6", "VAE-S6"),
        ("nosplit a/e/conv12 a/d/strc/6 m/vae d/vec", "vec_vae1_e-c12_d-s6_nosplit", "VAE-Ada6"),
        ("a/conv12 m/ae d/vec", "vec_ae_e-c12_d-c12", "AE"),
        ("a/conv12 m/vae d/vec", "vec_vae1_e-c12_d-c12", "VAE"),
        ("a/conv12 m/vae d/vec --reg-wt 2", "vec_vae2_e-c12_d-c12", "beta-VAE"),
        ("textbook a/conv12 m/vae d/vec", "vec_vae1_e-c12_d-c12_textbook", "VAE textbook"),
        ("scheduler mish a/conv12 m/wae d/vec", "vec_wae10_e-c12_d-c12_scheduler_mish", "WAE scheduler"),
        ("a/conv12 m/ae d/vec --seed 1", "vec_ae_e-c12_d-c12_seed1", "AE"),
        ("mish a/conv12 m/swae d/vec --seed 12", "vec_swae10_e-c12_d-c12_mish_seed12", "SWAE"),
        ("a/conv12 m/ae d/vec --info.model Mine --info.extra foo", "vec_ae_e-c12_d-c12_foo", "Mine"),
        ("a/conv12 m/ae d/vec --seed 1 --name x", "x", "AE"),
    ],
)
def test_models_that_differ_have_names_that_differ(words, name, model, fig):
    options = "--dataset.num-samples 300 --budget 1 --viz null --validation null --include-eval no --device cpu"
    run = fig(f"train {words} {options} --checkpoint null")
    assert run.name.rsplit("_", 1)[0] == name
    assert read_info(run)["model"] == model
