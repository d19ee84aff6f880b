"""A key that nothing takes is refused in Python as on the command line; one that something takes is not."""

import pytest

import sae_src as sae
from omnilearn.errors import UserError

WORDS = ("a/conv12", "m/ae", "d/vec")
UNKNOWN = [
    ({"latent_dims": 5}, "--latent_dims is not a key of this run (did you mean latent_dim?)"),
    ({"model.nolin": "relu"}, "--model.nolin is not a key of this run (did you mean model.nonlin?)"),
    ({"model": {"nolin": "relu"}}, "--model.nolin is not a key of this run (did you mean model.nonlin?)"),
    ({"latent_dims": 5, "model.nolin": "relu"}, "--latent_dims is not a key"),
    ({"model.encoder.layers.0.nonlinn": "relu"}, "nonlinn is not a key"),
    ({"model.optim.learning_rate": 1}, "--model.optim.learning_rate is not a key"),
    ({"dataset.bach-size": 3}, "did you mean dataset.batch_size?"),
    ({"dataset.num_smaples": 3}, "did you mean dataset.num_samples?"),
    ({"validation.frq": 3}, "did you mean validation.freq?"),
    ({"fid.n_sampels": 3}, "--fid.n_sampels is not a key"),
    ({"bugdet": 3}, "did you mean budget?"),
]
KNOWN = [
    {"latent_dim": 5, "reg-wt": 0.5, "model.nonlin": "relu", "seed": 3},
    {"budget": 5, "validation.freq": 2, "viz": None, "fid": None, "name": "x", "device": "cpu", "threads": 1},
    {"dataset.batch_size": 3, "dataset.split.val": 0.5, "dataset.split.other": 0.1, "dataset.num_samples": 50},
    {"dataset._type": "random-net", "model._type": "wae", "model.optim._type": "adamw", "model._mod.hybrid": 1},
    {"model.encoder.layers.0.nonlin": "relu", "info.extra": "x"},
]


@pytest.mark.parametrize(("keys", "message"), UNKNOWN)
@pytest.mark.parametrize("make", [sae.create_config, lambda *words, **keys: sae.build_model(*words, shape=100, **keys)])
def test_unknown_keys_are_refused(make, keys, message):
    with pytest.raises(UserError) as error:
        make(*WORDS, **keys)
    assert message in str(error.value)


@pytest.mark.parametrize("keys", KNOWN)
def test_known_keys_are_not(keys):
    sae.create_config(*WORDS, **keys)
    sae.build_model(*WORDS, shape=100, **keys)


@pytest.mark.parametrize(
    "words", [("nosplit", *WORDS), ("textbook", *WORDS), ("coord", "a/dislib", "m/ae", "d/shapes")]
)
def test_a_config_that_nothing_reads_is_refused(words):
    with pytest.raises(UserError, match=f"^{words[0]} has no effect: nothing in this run takes model"):
        sae.build_model(*words, shape=(3, 64, 64) if "d/shapes" in words else 100)


@pytest.mark.parametrize(
    "command",
    [
        "train nosplit a/conv12 m/ae d/vec --dataset.num-samples 300 --device cpu",
        "download-dataset nosplit d/mnist",
        "compute-fid nosplit d/vec",
        "eval-metrics eval/fast mish --load x",
    ],
)
def test_nor_on_the_command_line(command, fig, runs):
    with pytest.raises(UserError, match="has no effect: nothing in this run takes"):
        fig(command)
    assert not runs.exists()


@pytest.mark.parametrize("keys", ["--dataset._type random-scm", "--dataset._type random-net", "--model._type wae"])
def test_a_component_is_a_key_like_any_other(keys, fig):
    options = "--dataset.num-samples 300 --budget 1 --viz null --validation null --include-eval no --device cpu"
    run = sae.load_run(fig(f"train a/conv12 m/ae d/vec {keys} {options}"))
    address, name = keys.split()
    assert run.config.pull(address[2:]) == name
    # The name follows: the label of the config is that of another component.
    assert run.name.startswith({"random-net": "random-net_ae", "random-scm": "random-scm_ae", "wae": "vec_wae"}[name])


def test_an_override_that_nothing_takes_is_refused(fig):
    options = "--dataset.num-samples 300 --budget 1 --viz null --validation null --include-eval no --device cpu"
    path = fig(f"train a/conv12 m/ae d/vec {options}")
    with pytest.raises(UserError, match=r"--override.latent_dims is not a key of this run .did you mean latent_dim"):
        sae.load_run(path, override={"latent_dims": 3})
    assert sae.load_run(path, override={"dataset.batch_size": 3}).data.loading.batch_size == 3


def test_a_path_is_a_value(tmp_path):
    assert sae.create_config("a/conv12", "m/ae", "d/vec", saveroot=tmp_path).pull("saveroot") == str(tmp_path)
