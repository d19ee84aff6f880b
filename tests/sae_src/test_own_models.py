"""Metrics of models from elsewhere: what they are given, what they may return, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal, TransformedDistribution

import sae_src as sae
from omnilearn.errors import UserError

random = np.random.default_rng(0)
FACTORS = np.stack(np.unravel_index(random.permutation(24), (2, 3, 4)), 1)
IMAGES = random.integers(0, 256, (24, 6, 8, 3), dtype=np.uint8)
IMAGES[:, 0, 0] = FACTORS * 50  # so that codes can know them
SMALL = {"num_train": 60, "num_test": 30, "num_latent": 20, "jobs": 1}


def codes_of(batch):
    return batch[:, :, 0, 0] * 5.1


def scores(encode=codes_of, observations=IMAGES, factors=FACTORS, metrics=("mig", "mcc"), **keys):
    return sae.evaluate_metrics(encode, observations, factors, metrics=metrics, **(SMALL | keys))


def test_a_perfect_code_has_perfect_scores():
    result = scores()
    assert result["MIG"]["discrete_mig"] > 0.9 and result.scores["MCC"]["mcc_pearson"] == pytest.approx(1)
    assert not result.skipped


@pytest.mark.parametrize("layout", ["last", "first", "float", "tensor", "torch"])
def test_batches_are_as_those_of_this_projects_models(layout):
    seen = []

    def encode(batch):
        seen.append(batch)
        return codes_of(batch)

    first = IMAGES.transpose(0, 3, 1, 2)
    observations = {
        "last": IMAGES,
        "first": first,
        "float": (IMAGES / 255).astype(np.float64),
        "tensor": torch.from_numpy(first.copy()),
        "torch": torch.utils.data.TensorDataset(torch.from_numpy(first.copy()), torch.arange(24)),
    }[layout]
    result = scores(encode, observations)
    assert result["MCC"]["mcc_pearson"] == pytest.approx(1)
    assert all(batch.shape[1:] == (3, 6, 8) and batch.dtype == torch.float32 for batch in seen)
    assert torch.equal(seen[0], torch.from_numpy(first[:2].copy()).float() / 255)
    assert not any(batch.requires_grad for batch in seen)


@pytest.mark.parametrize(
    "encode",
    [
        lambda batch: codes_of(batch).numpy(),
        lambda batch: Normal(codes_of(batch), 0.1),
        lambda batch: Independent(Normal(codes_of(batch), torch.full((len(batch), 3), 0.1)), 1),
        lambda batch: codes_of(batch)[:, :, None, None],
    ],
    ids=["numpy", "normal", "independent", "maps"],
)
def test_codes_may_be_arrays_or_distributions(encode):
    assert scores(encode)["MIG"] == scores()["MIG"]


def test_a_model_of_torch_is_used_in_evaluation_mode_and_left_as_it_was():
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(144, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert scores(model).scores == scores(model).scores
    assert model.training and all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_grid_in_any_order_is_found_and_other_data_are_sampled():
    metrics = ("factor-vae", "beta-vae", "sap")
    on_grid, on_samples = (
        scores(metrics=metrics),
        scores(observations=IMAGES[:23], factors=FACTORS[:23], metrics=metrics),
    )
    assert on_grid["FactorVAE"] and not on_grid.skipped
    assert on_samples["SAP"] and set(on_samples.skipped.values()) <= {
        "needs an observation for every combination of factor values"
    }


@pytest.mark.parametrize(
    "form",
    [
        lambda codes: codes.numpy()[:, ::-1],
        lambda codes: codes.numpy().astype(">f8"),
        lambda codes: codes.numpy().astype(np.longdouble),
        lambda codes: np.broadcast_to(codes.numpy(), codes.shape),
        lambda codes: codes.to_sparse(),
    ],
)
def test_codes_of_any_form(form):
    assert scores(lambda batch: form(codes_of(batch)))["MCC"]["mcc_pearson"] == pytest.approx(1)


@pytest.mark.parametrize("precision", [torch.float64, torch.bfloat16])
def test_models_of_another_precision(precision):
    encoder, decoder = (nn.Sequential(nn.Linear(4, 4)).to(precision) for _ in range(2))
    vectors = random.normal(size=(24, 4))
    result = scores(encoder, vectors, None, ("responses", "unsupervised"), decode=decoder, num_response=10)
    assert len(result.scores) == 2
    assert encoder[0].weight.dtype == precision


def test_codes_of_changing_number_have_no_scores():
    skipped = scores(lambda batch: codes_of(batch)[:, : 1 + (len(batch) > 2)]).skipped
    assert "1 codes for some observations, 2 for others" in skipped["MIG"]


def test_names_of_metrics_are_those_of_modules_too():
    result = scores(metrics="factorised_support")
    assert list(result.scores) == list(scores(metrics=("factorised-support",)).scores)
    with pytest.raises(UserError, match="each metric once"):
        scores(metrics=("factorised_support", "factorised-support"))


def test_responses_need_a_decoder():
    assert scores(metrics=("responses",), num_response=10).skipped == {"LatentResponses": "needs a decoder"}
    result = scores(
        lambda vectors: vectors,
        random.normal(size=(24, 4)),
        None,
        ("responses",),
        decode=lambda codes: codes.numpy(),
        num_response=10,
    )
    assert result.scores


def test_real_numbers_are_for_metrics_of_numbers():
    vectors = random.normal(size=(40, 3))
    result = scores(lambda batch: batch, vectors, {"a": vectors[:, 0], "b": vectors[:, 1]})
    assert result["MCC"]["mcc_pearson"] == pytest.approx(1, abs=1e-6)
    assert "numbers" in result.skipped["MIG"]


def test_classes_beside_numbers_are_told_apart():
    vectors = random.normal(size=(24, 3))
    result = scores(lambda batch: batch, vectors, {"angle": vectors[:, 0], "size": FACTORS[:, 0], "hue": FACTORS[:, 1]})
    assert "in angle are numbers" in result.skipped["MIG"] and "factors '[size, hue]'" in result.skipped["MIG"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"factors": FACTORS[:20]}, "for 24 observations"),
        ({"factors": np.where(FACTORS == 1, np.nan, FACTORS)}, "missing values"),
        ({"factors": np.ones((24, 2))}, "one class"),
        ({"encode": lambda batch: batch.sum()}, "expected a row of codes for each"),
        ({"encode": lambda batch: "codes"}, "returned a str"),
        ({"observations": IMAGES.astype(int)}, "type int64"),
        ({"metrics": ("mgi",)}, "mig"),
        ({"nothing": 3}, "no metric has"),
        ({"encode": lambda batch: Normal(codes_of(batch)[:1], 1.0)}, "expected a row of codes for each"),
        ({"encode": lambda batch: Normal(codes_of(batch)[:, 0], 1.0)}, "expected a row of codes for each"),
        ({"encode": lambda batch: codes_of(batch)[:, :0]}, "gave no codes"),
        ({"encode": lambda batch: codes_of(batch).to(torch.complex64)}, "real numbers"),
        ({"encode": lambda batch: codes_of(batch).numpy().astype(str)}, "real numbers"),
        ({"encode": lambda batch: TransformedDistribution(Normal(codes_of(batch), 1.0), [])}, "no known mean"),
        ({"encode": lambda batch: np.ma.masked_less(codes_of(batch).numpy(), 1)}, "encode: a masked array"),
        ({"encode": 3}, "expected a function or a model"),
        ({"decode": "none"}, "expected a function or a model"),
        ({"batch_size": 0}, "batch_size: must be at least 1"),
        ({"batch_size": 2.5}, "batch_size: must be a whole number, got 2.5"),
        ({"encode": None}, "encode: expected a function or a model, got a NoneType"),
        ({"bootstrap": -1}, "bootstrap: must be at least 2"),
        ({"num_train": 2.5}, "num_train: must be a whole number"),
        ({"num_bins": "many"}, "num_bins: must be a number"),
    ],
)
def test_what_does_not_fit_is_refused(keys, message):
    with pytest.raises(UserError, match=message):
        scores(**keys)


def test_a_decoder_of_another_size_is_told():
    result = scores(decode=lambda codes: codes[:, :1], metrics=["responses"], num_response=10)
    assert not result.scores and "expected observations" in result.skipped["LatentResponses"]
