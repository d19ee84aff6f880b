"""Parameter names, order, shapes, counts and initial values of every model equal those of the published system."""

import pytest

import sae_src as sae
from omnilearn.errors import UserError
from tests.conftest import reference

INVENTORY = reference("param_inventory.json.gz")
SHAPES = {"d/vec": (100,), "d/3ds": (3, 64, 64), "d/celeba": (3, 128, 128)}
# Lists replace in these configs, in the published ones they merged item by item.
LIST_MERGING = ("a/e/small+a/d/conv12", "d/celeba")


def _words(key: str) -> tuple[str, str, str]:
    arch, method, data = (part.strip() for part in key.split("|"))
    return arch, method, data.split()[0]


def _divides(arch: str, method: str, data: str) -> bool:
    """Whether the latents divide into the segments of a structural or ladder model."""
    segments = arch.rsplit("/", 1)[-1]
    if "nosplit" in arch or not segments.isdigit():
        return True
    latents = 32 if data == "d/celeba" else 12
    whole = latents % int(segments) == 0
    return whole or ("ladder" in arch and method != "m/vae" and latents >= int(segments))


def _cases(*, fails: bool) -> list[str]:
    cases = []
    for key in INVENTORY["configs"]:
        arch, method, data = _words(key)
        images_only = "dislib" in arch or "coord" in arch
        if (not _divides(arch, method, data) or (data == "d/vec" and images_only)) == fails:
            cases.append(key)
    return cases


@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=[pytest.mark.slow] * ("d/vec" not in key)) for key in _cases(fails=False)]
)
def test_parameters_equal_the_published_ones(key):
    arch, method, data = _words(key)
    model = sae.build_model("hybrid", *arch.split("+"), method, data, shape=SHAPES[data])
    entry = INVENTORY["configs"][key if arch != "a/dislib" else key.replace(arch, "a/e/dislib+a/d/dislib")]
    expected = INVENTORY["param_sets"][entry["param_set"]]
    names = [[name, list(parameter.shape)] for name, parameter in model.named_parameters()]
    if (arch, data) == LIST_MERGING:
        assert sum(p.numel() for p in model.parameters()) != entry["total_params"]
        return
    assert names == expected["params"]
    assert sum(p.numel() for p in model.parameters()) == entry["total_params"]
    for (name, parameter), sums in zip(model.named_parameters(), expected["init_seed0_sum_and_abs_sum"], strict=True):
        values = parameter.detach().double()
        assert [values.sum().item(), values.abs().sum().item()] == pytest.approx(sums, rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("key", _cases(fails=True))
def test_latents_that_do_not_divide_are_one_clear_error(key):
    arch, method, data = _words(key)
    with pytest.raises(UserError, match=r"latent|images") as error:
        sae.build_model("hybrid", *arch.split("+"), method, data, shape=SHAPES[data])
    assert "\n" not in str(error.value)


def test_a_ladder_without_distributions_uses_the_latents_that_divide():
    model = sae.build_model("hybrid", "a/ladder/3", "m/wae", "d/celeba", shape=(3, 128, 128))
    assert (model.encoder.dout, model.decoder.din, model.latent_dim) == (30, 30, 30)
