"""No order of configs, and no mixture of them, is silently another experiment than the words say."""

import itertools

import pytest

import sae_src as sae
from omnilearn.config import dump_yaml
from omnilearn.errors import ConfigError
from tests.conftest import ROOT

# A line of configs, the one that does nothing in it, and an order that works.
WITHOUT_EFFECT = [
    ("hybrid a/d/strc/12 nosplit a/e/conv12 m/ae d/vec", "nosplit", "hybrid nosplit a/d/strc/12 a/e/conv12 m/ae d/vec"),
    ("a/ladder/6 nosplit m/vae d/vec", "nosplit", "nosplit a/ladder/6 m/vae d/vec"),
    ("hybrid a/conv12 m/ae d/vec mish", "mish", "hybrid a/conv12 m/ae mish d/vec"),
    ("a/conv12 m/ae d/vec scheduler", "scheduler", "a/conv12 m/ae scheduler d/vec"),
    ("a/conv12 m/ae d/shapes scheduler", "scheduler", "a/conv12 m/ae scheduler d/shapes"),
    (
        "a/d/strc/12 nosplit a/e/conv12 m/ae d/vec mish",
        "nosplit",
        "nosplit a/d/strc/12 a/e/conv12 m/ae mish d/vec",
    ),
]
SAME_ROLE = [
    ("m/ae m/vae a/conv12 d/vec", "method: m/ae and m/vae"),
    ("m/vae m/wae a/conv12 d/vec", "method: m/vae and m/wae"),
    ("m/vae demo", "method: m/vae and m/ae .demo stands for a/conv12 m/ae d/vec."),
    ("a/conv12 m/ae d/vec d/shapes", "data: d/vec and d/shapes"),
    ("a/conv12 m/ae d/mnist d/cifar10", "data: d/mnist and d/cifar10"),
    ("a/e/conv12 a/e/conv16 a/d/conv12 m/ae d/vec", "encoder: a/e/conv12 and a/e/conv16"),
    ("a/e/small a/conv12 m/ae d/vec", "encoder: a/e/small and a/e/conv12"),
    ("a/e/conv12 a/d/conv12 a/d/strc/6 m/ae d/vec", "decoder: a/d/conv12 and a/d/strc/6"),
    ("a/conv12 a/d/strc/12 m/ae d/vec", "decoder: a/d/conv12 .a/conv12 stands for a/e/conv12 a/d/conv12. and a/d/strc"),
    ("a/ladder/6 a/ladder/12 m/vae d/vec", "encoder: a/e/ladder/6"),
    ("a/conv12 a/dislib m/ae d/shapes", "encoder: a/e/conv12"),
    ("a/conv12 m/ae d/3ds a/size/128", "size: a/size/64 .d/3ds stands for a/size/64 base. and a/size/128"),
    ("eval/3ds eval/shapes", "data: eval/3ds and eval/shapes"),
    ("config/m/vae.yaml m/ae", "method: m/vae and m/ae"),
]
FINE = [
    "d/scm",
    "d/scm d/vec",
    "demo",
    "hybrid demo",
    "mish demo",
    "a/d/ladder/12 a/d/strc/12 a/e/ladder/12 m/vae d/vec",
    "a/conv12 a/e/conv12 m/ae d/vec",
    "a/conv12 m/ae d/vec a/size/vec",
    "base128 a/conv12 m/ae d/3ds",
    "eval/fast eval/shapes",
    "eval/shapes eval/fast",
    "textbook hybrid a/conv12 m/vae d/vec",
    "nosplit scheduler mish coord hybrid a/e/conv12 a/d/strc/12 m/vae d/shapes",
]


CONFIGS = [path.relative_to(ROOT / "config").with_suffix("").as_posix() for path in ROOT.glob("config/**/*.yaml")]
METHODS, DATA = ([name for name in CONFIGS if name.startswith(f"{folder}/")] for folder in ("m", "d"))


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("front", ["", "hybrid", "mish hybrid", "nosplit hybrid", "textbook scheduler"])
def test_every_method_goes_with_every_architecture(front, method):
    for architecture in ("a/conv12", "a/e/small a/d/conv12", "a/e/conv12 a/d/strc/12", "a/ladder/6", "a/dislib"):
        sae.create_config(*front.split(), *architecture.split(), method, "d/vec" if method[-1] == "e" else "d/shapes")


@pytest.mark.parametrize("data", sorted(DATA))
def test_every_data_set_goes_with_a_model(data):
    sae.create_config("hybrid", "nosplit", "a/e/conv12", "a/d/strc/6", "m/vae", data)


@pytest.fixture
def config_file(tmp_path):
    """Write a config of a user's own; returns what to call it."""

    def write(name: str, values: dict) -> str:
        (tmp_path / f"{name}.yaml").write_text(dump_yaml(values))
        return str(tmp_path / f"{name}.yaml")

    return write


def values(config) -> dict:
    """All that a config says, apart from what the run is called after."""
    return {key: value for key, value in config.to_python().items() if key not in ("info", "_meta")}


@pytest.mark.parametrize(("line", "idle", "order"), WITHOUT_EFFECT)
def test_a_config_without_effect_is_refused_with_an_order_that_works(line, idle, order, monkeypatch):
    with pytest.raises(ConfigError, match=f"^{idle} has no effect: .*; this order works: {order}$"):
        sae.create_config(*line.split())
    sae.create_config(*order.split())


@pytest.mark.parametrize(("line", "message"), SAME_ROLE)
def test_two_configs_for_one_role_are_refused(line, message, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConfigError, match=f"two configs for the {message}"):
        sae.create_config(*line.split())


@pytest.mark.parametrize("line", FINE)
def test_what_is_neither_stays_allowed(line):
    sae.create_config(*line.split())


@pytest.mark.parametrize(
    ("line", "problem", "order"),
    [
        (
            "d/vec hybrid a/e/conv12 a/d/strc/12 m/ae",
            "d/vec stands before a/d/strc/12 and changes its model.decoder.first",
            "a/d/strc/12 d/vec hybrid a/e/conv12 m/ae",
        ),
        (
            "d/celeba a/e/small a/d/conv12 m/ae",
            "d/celeba stands before a/e/small and changes its model.encoder.last.hidden",
            "a/e/small d/celeba a/d/conv12 m/ae",
        ),
        (
            "a/conv12 d/shapes m/qlae",
            "a/conv12 stands before m/qlae and changes its model.optim._type",
            "a/conv12 m/qlae d/shapes",
        ),
    ],
)
def test_what_others_build_on_does_not_change_what_was_named(line, problem, order):
    with pytest.raises(ConfigError) as error:
        sae.create_config(*line.split())
    assert str(error.value) == f"{problem}; this order works: {order}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("nosplit", "a/e/conv12", "a/d/strc/12", "m/vae", "d/vec"),
        ("scheduler", "a/e/small", "a/d/conv12", "m/ae", "d/celeba"),
        ("mish", "hybrid", "a/ladder/6", "m/swae", "d/shapes"),
        ("coord", "textbook", "a/dislib", "m/wae", "d/shapes"),
    ],
    ids=" ".join,
)
def test_any_order_makes_the_same_experiment_or_is_refused(words):
    wanted = values(sae.create_config(*words))
    for order in [*itertools.permutations(words)][::5]:  # each word in each place
        try:
            found = sae.create_config(*order)
        except ConfigError as error:
            found = sae.create_config(*str(error).split("this order works: ")[1].split())
        assert values(found) == wanted, order


def test_configs_of_a_users_own(config_file):
    mine = config_file("mine", {"_base": "m/vae", "reg_wt": 4})
    plain = config_file("plain", {"_role": "method", "model": {"_type": "vae"}})
    listed = config_file("listed", {"_base": ["a/d/strc/12", "nosplit", "a/e/conv12", "m/ae", "d/vec"]})
    short, long = (config_file(name, {"budget": 10}) for name in ("short", "long"))
    other = config_file("other", {"budget": 20})
    assert sae.create_config(mine, "m/vae", "d/vec").pull("reg_wt") == 4
    for words, message in (
        ((mine, "m/ae", "d/vec"), "two configs for the method: m/vae .*mine.yaml stands for m/vae. and m/ae"),
        ((plain, "m/vae", "d/vec"), "two configs for the method: .*plain.yaml and m/vae"),
        ((listed,), "nosplit has no effect: a/d/strc/_style stands before it in the _base of .*; move nosplit further"),
        (
            (short, other),
            "other.yaml has no effect: .*short.yaml stands before it and sets budget; leave one",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            sae.create_config(*words)
    sae.create_config(short, long)  # both say the same
    roles = config_file("roles", {"_role": ["encoder", "decoder"], "model": {"nonlin": "relu"}})
    assert "_role" not in sae.create_config(roles, "m/ae", "d/vec").to_python()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("_role: metod", "_role: there is no role 'metod' .did you mean method"),
        ("_role: 3", "_role must be a name or a list of names, got 3"),
        ("_base: {a: 1}", "_base must be a name or a list of names"),
        ("_base: [3]", "_base must be a name or a list of names"),
        ("_base: null", "_base must be a name or a list of names"),
    ],
)
def test_bases_and_roles_are_names(text, message, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"bad.yaml: {message}"):
        sae.create_config(path)


@pytest.mark.parametrize("key", ["_base", "_role"])
def test_reserved_keys_stand_in_files_alone(key):
    with pytest.raises(ConfigError, match=f"{key} is not a key"):
        sae.create_config("demo", **{key: "m/ae"})


@pytest.mark.parametrize(
    ("key", "instead"),
    [("style_type", "model.decoder.style_type"), ("nonlin", "model.nonlin"), ("model.nonlin", None), ("width", None)],
)
def test_a_key_that_a_lower_one_goes_before_is_refused(key, instead):
    words = ["mish", "hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/vec"]
    value = {"style_type": "adain", "width": 16}.get(key, "relu")
    if instead is None:
        sae.build_model(*words, shape=(20,), **{key: value})
        return
    with pytest.raises(ConfigError, match=f"^--{key} has no effect: {instead} is set and goes before it"):
        sae.build_model(*words, shape=(20,), **{key: value})
