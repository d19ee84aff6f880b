"""Models of every size config learn on images of that size, and importing the data package stays cheap."""

import subprocess
import sys

import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data
from tests.conftest import ROOT

ARCHITECTURES = [("a/conv12",), ("a/e/conv12", "a/d/strc/12"), ("a/ladder/4",), ("a/e/conv12", "a/d/strc/3")]


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="+".join)
@pytest.mark.parametrize("method", ["ae", "vae", *(pytest.param(m, marks=pytest.mark.slow) for m in ("wae", "swae"))])
def test_generated_images(architecture, method, shapes_root):
    words = (*architecture, f"m/{method}", "d/shapes")
    model = sae.build_model(*words, shape=(3, 64, 64))
    data = build_data(sae.create_config(*words, dataroot=str(shapes_root)))
    loss = model.losses(data.subset("train").batch(torch.arange(4)))["loss"]
    loss.backward()
    assert torch.isfinite(loss)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="+".join)
@pytest.mark.parametrize(("config", "channels"), [("d/mnist", 1), ("d/cifar10", 3)])
def test_small_images(architecture, config, channels):
    model = sae.build_model("hybrid", *architecture, "m/vae", config, shape=(channels, 32, 32))
    out = model.losses(torch.rand(4, channels, 32, 32))
    out["loss"].backward()
    assert out["reconstruction"].shape == (4, channels, 32, 32) and torch.isfinite(out["loss"])


@pytest.mark.slow
def test_importing_data_sets_and_commands_loads_no_more_than_they_need():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import omnilearn.data; "
        "from omnilearn.data.sets import cars3d, celeba, cifar, dsprites, mnist, mpi3d, shapes3d, smallnorb, svhn; "
        "from omnilearn.data import shapes; import sae_src.scm; "
        "print([m for m in ('h5py', 'PIL', 'torchvision', 'networkx', 'scipy') if m in sys.modules]); "
        "import sae_src.components, sae_src.commands.train, sae_src.evaluate; "
        "others = 'h5py', 'torchvision', 'networkx', 'scipy', 'sklearn', 'pandas', 'matplotlib'; "
        "print([m for m in others if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["[]", "[]"]
