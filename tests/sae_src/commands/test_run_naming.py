"""What runs are called: each part of the name, from the configs or in their place."""

from types import SimpleNamespace

import pytest

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
