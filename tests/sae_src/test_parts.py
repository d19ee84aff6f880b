"""What is missing of an experiment is named, on the command line and in Python; no part is a default."""

import pytest

import sae_src as sae
from omnilearn.errors import UserError

MISSING = [
    (
        "",
        "the architecture, the method and the data set are missing: name an architecture of a/, a method of m/ and a ",
    ),
    (
        "d/vec",
        "the architecture and the method are missing: name an architecture of a/ and a method of m/, such as a/co",
    ),
    ("m/ae d/vec", "the architecture is missing: name an architecture of a/, such as a/conv12"),
    ("hybrid mish m/vae d/shapes", "the architecture is missing: name an architecture of a/, such as a/conv12"),
    ("a/size/vec m/ae", "the architecture and the data set are missing"),
    ("a/conv12 d/vec", "the method is missing: name a method of m/, such as m/ae"),
    ("a/conv12 m/ae", "the data set is missing: name a config of d/, such as d/vec"),
    ("a/e/conv12 m/ae d/vec", "the decoder is missing: name a decoder of a/d/, such as a/d/strc/12"),
    ("a/d/strc/12 m/ae d/vec", "the encoder is missing: name an encoder of a/e/, such as a/e/conv12"),
    ("m/ae d/vec --model.encoder.last.width 3", "the architecture is missing"),
    ("m/ae d/vec --model.encoder.layers []", "the decoder is missing"),
    ("m/ae d/vec --resume auto", "the architecture is missing"),
]


@pytest.mark.parametrize(("line", "message"), MISSING)
def test_a_training_without_a_part(line, message, fig, runs):
    with pytest.raises(UserError) as error:
        fig(f"train {line}")
    assert str(error.value).startswith(message)
    assert not runs.exists()


@pytest.mark.parametrize("words", [("m/ae", "d/vec"), ("a/conv12", "d/vec"), ("a/e/conv12", "m/ae", "d/vec")])
def test_a_model_without_a_part(words):
    with pytest.raises(UserError, match="missing: name"):
        sae.build_model(*words, shape=(100,))


def test_parts_may_come_from_keys_or_from_a_users_config(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("_base: a/_base\nmodel: {encoder: {layers: [{_type: <>conv_type}]}, decoder: {layers: []}}")
    assert sae.build_model(path, "m/ae", "d/vec", shape=(100,)).latent_dim == 12
    keys = {"model.encoder.layers": [], "model.decoder.layers": [], "model._type": "ae"}
    assert sae.build_model("d/vec", shape=(100,), **keys).latent_dim == 12
    assert sae.build_model("demo", shape=(100,)).latent_dim == 12
