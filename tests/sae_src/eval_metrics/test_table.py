"""What the modules of metrics say of themselves, against what they do, and against help and documents."""

import inspect
from dataclasses import fields
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
import torch

import sae_src as sae
from omnilearn.errors import UserError
from sae_src import metrics
from sae_src.eval_metrics import table
from sae_src.eval_metrics.command import EvaluationSettings
from sae_src.eval_metrics.documentation import help_lines, table_lines
from sae_src.eval_metrics.settings import MetricSettings, own_settings
from sae_src.eval_metrics.shared import WITHOUT, SharedParts
from sae_src.eval_metrics.table import all_metrics, metric_in, metric_named, published_metrics
from sae_src.metrics.metric import SHARED
from sae_src.run import Selection
from tests.conftest import ROOT
from tests.sae_src.metrics.conftest import grid

METRICS = all_metrics()
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)

FACTORS = np.tile(grid(2, 3), (4, 1))
CODES = np.random.default_rng(0).normal(size=(len(FACTORS), 3)) + FACTORS[:, :1]
GIVEN = {
    "codes_train": CODES,
    "factors_train": FACTORS,
    "codes_test": CODES[::2],
    "factors_test": FACTORS[::2],
    "scales": np.ones_like(CODES),
    "latents": torch.from_numpy(CODES).float(),
    "encode": lambda samples: samples,
    "decode": lambda latents: latents,
    "factor_groups": lambda count: [torch.rand(count, size, 3) for size in (2, 3)],
}
SMALL = {"num_train": 20, "num_test": 99, "batch_size": 4, "num_trees": 2, "num_shuffles": 1, "sizes": (24,)}


@pytest.fixture(autouse=True)
def _same_table(monkeypatch):
    monkeypatch.setattr(table, "_MODULES", dict(table._MODULES))


def test_every_module_that_describes_a_metric_is_listed():
    modules = [import_module(f"sae_src.metrics.{module.name}") for module in iter_modules(metrics.__path__)]
    described = {module.METRIC.name for module in modules if hasattr(module, "METRIC")}
    assert described | {"responses"} == set(METRICS)


def test_the_default_metrics_are_the_published_ones():
    published = ("irs", "fairness", "unsupervised", "modularity-explicitness", "sap", "mig", "dci", "responses")
    assert published_metrics() == MetricSettings().names == published


def test_names_and_titles_are_their_own():
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
    assert all(METRICS[name].name == name for name in METRICS)


@every_metric
def test_it_returns_its_scores(metric):
    given = {name: GIVEN[name] for name in metric.parameters if name in GIVEN}
    small = {name: value for name, value in SMALL.items() if name in metric.parameters}
    result = metric.score(**given, **small)
    scores = metric.scores_with(given | small)
    assert set(scores) <= result.keys()
    assert all(isinstance(result[name], float | int) for name in scores)
    own = {name: parameter.default for name, parameter in own_settings(metric).items()}
    assert metric.scores == metric.scores_with(own)
    assert set(metric.also_results) <= set(metric.scores)


@every_metric
def test_it_says_whether_it_looks_at_test_points(metric):
    signature = inspect.signature(metric.score).parameters
    if "codes_test" not in signature:
        assert not metric.ignores_test_points
        return
    given = {name: GIVEN[name] for name in signature if name in GIVEN}
    small = {name: value for name, value in SMALL.items() if name in signature}
    other = given | {"codes_test": -10 * CODES[:12] ** 2, "factors_test": FACTORS[5:17]}
    if metric.need == "grid":  # elsewhere the test points are looked up
        order = np.argsort(FACTORS @ [3, 1], kind="stable")
        sample = {"sample": lambda factors: CODES[order][4 * (factors @ [3, 1])], "factor_sizes": (2, 3)}
        given, other = given | sample, other | sample
    results = [metric.score(**arrays, **small) for arrays in (given, other)]
    is_equal = all(np.array_equal(results[0][name], results[1][name], equal_nan=True) for name in results[0])
    assert is_equal == metric.ignores_test_points


@every_metric
def test_all_that_it_takes_can_be_given(metric):
    signature = inspect.signature(metric.score).parameters
    assert metric.parameters.keys() <= signature.keys()
    own = own_settings(metric)  # an error for a parameter that nothing fills
    assert {*metric.at_least, *metric.at_most} <= own.keys()
    assert set(metric.optional) <= metric.parameters.keys() & WITHOUT.keys()
    other_keys = {field.name for kind in (EvaluationSettings, Selection) for field in fields(kind)}
    assert not own.keys() & other_keys
    assert MetricSettings(metrics=metric.name).of(metric) == {name: p.default for name, p in own.items()}


@every_metric
def test_settings_of_one_name_are_of_one_type(metric):
    for name, parameter in own_settings(metric).items():
        for other in METRICS.values():
            if name in own_settings(other):
                assert own_settings(other)[name].annotation == parameter.annotation


def test_what_metrics_share_there_is():
    assert all(name in vars(SharedParts) for name in SHARED)
    assert not SHARED & {field.name for field in fields(MetricSettings)}


@every_metric
def test_it_stands_in_the_help_and_in_the_documents(metric):
    help_text = "\n".join(help_lines())
    assert f"\n    {metric.name} " in f"\n{help_text}"
    assert metric.meaning and metric.range
    for name in own_settings(metric):
        assert f"--{name.replace('_', '-')}" in help_text


def test_the_table_of_the_documents_is_the_generated_one():
    text = (ROOT / "docs" / "metrics.md").read_text()
    assert "\n".join(table_lines()) in text, "python -m sae_src.eval_metrics.documentation prints the table"


def test_a_name_that_there_is_not_gets_a_hint():
    with pytest.raises(UserError, match=r"no metric named .dcl. .did you mean dci"):
        metric_named("dcl")


def test_modules_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    text = "from sae_src.metrics.metric import Metric\ndef score(codes_train, *, {parameter}): return {{}}\n"
    (tmp_path / "good_metric.py").write_text(
        text.format(parameter="power=2") + "METRIC = Metric('power', 'Power', score, scores=(), need='codes')\n"
    )
    (tmp_path / "bad_metric.py").write_text(
        text.format(parameter="power") + "METRIC = Metric('bad', 'Bad', score, scores=(), need='codes')\n"
    )
    metric_in("good_metric")
    assert MetricSettings(metrics="power", own={"power": 3}).of(metric_named("power")) == {"power": 3}
    metric_in("bad_metric")
    with pytest.raises(UserError, match="metric bad: nothing fills its parameter power"):
        MetricSettings()


def test_modules_that_are_none():
    metric_in("sae_src.metrics.arrays")
    with pytest.raises(UserError, match=r"sae_src.metrics.arrays: a module of a metric ends with METRIC"):
        all_metrics()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"own": {"num_bind": 3}}, "num_bind: no metric has this setting"),
        ({"own": {"num_groups": 0}}, "num_groups: must be at least 1, got 0"),
        ({"num_latent": 50}, r"num_response: must be at most num_latent \(50\), got 100"),
        ({"metrics": ("omes",), "own": {"alpha": 1.5}}, "alpha: must be at most 1, got 1.5"),
        ({"jobs": 0}, "jobs: must be at least 1, or -1"),
    ],
)
def test_settings_out_of_their_range(settings, message):
    with pytest.raises(UserError, match=message):
        MetricSettings(**settings)


def test_settings_are_stored_by_name_and_by_metric():
    settings = MetricSettings(metrics=("jemmig", "rmig"), own={"batch_size": 3}).described()
    assert settings["metrics"] == ("jemmig", "rmig")
    assert (settings["num_train"], settings["batch_size"], settings["num_bins"]) == (10_000, 3, 20)
    assert settings["own"] == {"jemmig": {"num_bins": 20}, "rmig": {"num_bins": 100, "limit": 4.0}}


def test_settings_of_one_metric_alone():
    given = {"batch_size": 3, "factor_vae": {"batch_size": 32}, "beta-vae": {}}
    settings = MetricSettings(metrics=("factor-vae", "beta-vae", "mig"), own=given)
    assert [settings.of(metric_named(name))["batch_size"] for name in ("factor-vae", "beta-vae")] == [32, 3]
    assert settings.described()["own"]["factor-vae"]["batch_size"] == 32


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ({"factor-vae": {"batch_size": 1}}, "batch_size: must be at least 2, got 1"),
        ({"factor-vae": {"batch": 3}}, r"own: factor-vae has no setting 'batch' \(did you mean batch_size"),
        ({"mig": {"num_bins": 3}}, "own: there are settings of mig, which is not among the metrics"),
        ({"factor": {}}, "no metric named 'factor'"),
    ],
)
def test_settings_of_one_metric_that_it_cannot_have(own, line):
    with pytest.raises(UserError, match=line):
        MetricSettings(metrics="factor-vae", own=own)


def test_settings_of_one_metric_from_python():
    factors = {"a": FACTORS[:, 0], "b": FACTORS[:, 1]}
    shared = {"metrics": ["factorised-support"], "num_train": 40, "chance": False}

    def of(**settings):
        found = sae.evaluate_metrics(lambda batch: batch, CODES, factors, **shared, **settings)
        return found["FactorisedSupport"]["factorised_support"]

    assert of(batch_size=7) == of() != of(own={"factorised-support": {"batch_size": 7}})
    with pytest.raises(UserError, match="own: expected settings by metric"):
        of(own={"batch_size": 7})
