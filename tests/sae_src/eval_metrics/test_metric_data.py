"""The data that metrics run on: codes, posteriors, factors and interventions of random observations."""

import numpy as np
import pytest
import torch
from torch import Tensor

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data import Dataset
from omnilearn.errors import UserError
from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.shared import SharedParts
from sae_src.eval_metrics.suite import evaluate_metrics, missing
from sae_src.eval_metrics.table import all_metrics, metric_named
from sae_src.methods import Autoencoder, as_autoencoder
from sae_src.metrics import infomec

SMALL = {"dataset.num_samples": 300}


def vectors(method: str = "m/ae", data: str = "d/vec") -> tuple[Dataset, Autoencoder]:
    """A data set of vectors, and a model of them that was never trained."""
    config = sae.create_config("a/conv12", method, data, **SMALL)
    return build_data(config).dataset, sae.build_model("a/conv12", method, data, **SMALL).eval()


class Digits(Dataset):
    """Vectors of ten classes."""

    din = 100

    def __len__(self) -> int:
        return 50

    def batch(self, indices: Tensor) -> Tensor:
        return torch.ones(len(indices), 100) * indices[:, None] / 50

    def labels(self, indices: Tensor) -> Tensor:
        return indices % 10


def test_codes_are_those_of_the_observations_and_computed_once(shapes_root):
    keys = {"dataset.dataroot": str(shapes_root), "model.channels": 8}
    words = ("a/e/conv12", "a/d/strc/12", "m/ae", "d/shapes")
    dataset = build_data(sae.create_config(*words, **keys)).dataset.in_mode("full")
    model = sae.build_model(*words, **keys).eval()
    data = MetricData(dataset, model)
    indices = data.draw(30, stream=0)
    codes, factors = data.codes(indices), data.factors(indices)
    assert data.table.encoded == len(np.unique(factors, axis=0))
    before = data.table.encoded
    assert np.array_equal(data.sample(factors), codes)
    assert np.array_equal(data.numbers(indices), factors)
    assert data.table.encoded == before
    direct = model.encode(dataset.batch(dataset.grid.indices(torch.from_numpy(factors[:4])))).detach()
    assert torch.allclose(direct, torch.from_numpy(codes[:4]), atol=1e-6)


def test_codes_of_distributions_are_their_means_and_scales_their_deviations():
    data = MetricData(*vectors("m/vae"))
    indices = data.draw(7, stream=0)
    posterior = data.model.encode(data.dataset.batch(indices))
    np.testing.assert_allclose(data.scales(indices), posterior.scale.detach(), rtol=1e-5)
    np.testing.assert_allclose(data.codes(indices), posterior.loc.detach(), rtol=1e-4, atol=1e-6)
    assert data.has_posteriors
    assert not MetricData(*vectors()).has_posteriors
    with pytest.raises(ValueError, match="no distribution"):
        MetricData(*vectors()).scales(indices)


def test_draws_depend_on_the_seed_and_the_stream():
    dataset, model = vectors()
    draws = [
        MetricData(dataset, model, seed=seed).draw(20, stream) for seed, stream in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], draws[3])


def test_numbers_are_the_variables_behind_vectors():
    data = MetricData(*vectors())
    indices = data.draw(7, stream=0)
    np.testing.assert_array_equal(data.numbers(indices), data.dataset.variables[indices])
    assert data.has_numbers and not data.has_factors and not data.can_intervene
    assert MetricData(*vectors(data="d/scm")).can_intervene
    shared = SharedParts(data, MetricSettings(metrics="mcc", num_train=20, num_test=10, num_latent=20), Outcome())
    assert shared.part("factors_train", metric_named("mcc")).shape == (20, 8)
    assert shared.part("factors_test", metric_named("mcc")).shape == (10, 8)
    assert shared.part("sample", metric_named("mcc")) is None


def test_one_label_is_the_name_of_a_class():
    data = MetricData(Digits(), vectors()[1])
    assert not data.has_numbers
    reasons = {metric.name: missing(metric, data) for metric in all_metrics().values()}
    assert [name for name, reason in reasons.items() if reason is None] == [
        "unsupervised",
        "responses",
        "factorised-support",
    ]
    assert reasons["mcc"] == "needs factors as numbers, which these data do not have"
    assert reasons["mig"] == "needs factors with a number of values each, which these data do not have"


def test_metrics_of_numbers_are_scored_by_the_variables():
    dataset, model = vectors()
    settings = MetricSettings(metrics=("mcc", "r2"), num_train=100, num_test=50, num_latent=100)
    outcome = evaluate_metrics(model, dataset, settings)
    indices = MetricData(dataset, model).draw(100, stream=0)
    codes, variables = model.encode(dataset.batch(indices)).detach(), dataset.variables[indices]
    expected = metric_named("mcc").score(codes, variables)
    assert outcome.scores["MCC"]["mcc_pearson"] == pytest.approx(expected["mcc_pearson"], rel=1e-4)
    assert outcome.scores["R2"]["r2_linear"] > 0
    assert outcome.samples == {"train": 100, "test": 50, "encoded": outcome.samples["encoded"]}


def test_only_what_a_metric_takes_is_drawn():
    outcome = evaluate_metrics(
        *reversed(vectors()),
        MetricSettings(metrics="unsupervised", num_train=20, num_latent=30),
    )
    assert set(outcome.samples) == {"train", "encoded"}
    assert set(outcome.seconds) == {"codes", "UnsupervisedMetrics"}


def test_other_models_are_refused():
    with pytest.raises(UserError, match="Linear is not an autoencoder"):
        as_autoencoder(torch.nn.Linear(2, 2))


def test_infomec_takes_observations_that_are_drawn_again_once():
    generator = np.random.default_rng(0)
    factors = np.stack([generator.integers(size, size=400) for size in (4, 3)], axis=1)
    codes = np.concatenate([factors + 0.3 * generator.normal(size=factors.shape), generator.normal(size=(400, 1))], 1)
    result = sae.evaluate_metrics(
        lambda batch: batch, codes, factors, metrics=["infomec", "mig"], num_train=1500, num_test=10, chance=False
    )
    assert 380 < result.samples["train_once"] < 400 and result.samples["train"] == 1500
    alone = infomec.score(codes.astype(np.float32), factors, codes, factors)
    assert result.scores["InfoMEC"]["infom"] == pytest.approx(alone["infom"], abs=0.03) and alone["infom"] > 0.8
    rows = generator.integers(400, size=1500)
    assert infomec.score(codes[rows], factors[rows], codes, factors)["infom"] < 0.6  # each its own neighbour
