"""Time of all metrics of one model together, against one after the other with plain scikit-learn.

python -m benchmarks.metrics [--num-train 10000] [--configs hybrid a/e/conv12 a/d/strc/12 m/ae d/shapes] [--threads 2]

"Together" is what `fig eval-metrics eval/shapes` does: every observation is encoded once, DCI and Fairness share their
classifiers, factors are spread over `--threads` processes, interventions on all groups go through the model in batches
that fit the device, whose convolutions have their channels last.
"One after the other" computes the same metrics at the same sizes with the same formulas, but every metric draws and
encodes its own points in batches of 64, DCI and Fairness each fit scikit-learn's classifiers one by one, Fairness
encodes what it predicts pair by pair, and every group of responses has a pass of its own in batches of 100, as in the
published system. Both use `--threads` threads for the model. The weights are random: the times do not depend on them
much, the scores mean nothing.

--num-train N scales all sizes by N / 10000, for a quick try; the ratio that counts is the one at the default.
"""

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from sklearn.ensemble import GradientBoostingClassifier

import sae_src as sae
from omnilearn.assembly import build_data
from omnilearn.data import Dataset
from omnilearn.device import to_device
from sae_src import metrics
from sae_src.eval_metrics.codes import encoded
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.eval_metrics.suite import evaluate_metrics
from sae_src.latent_responses.factor_responses import factor_groups, factor_responses
from sae_src.latent_responses.metric import scales_of
from sae_src.latent_responses.scores import response_scores
from sae_src.methods import Autoencoder
from sae_src.responses import response_matrix

DEFAULT = ("hybrid", "a/e/conv12", "a/d/strc/12", "m/ae", "d/shapes")
ENCODED_AT_ONCE, DECODED_AT_ONCE = 64, 100  # of the published system


class OneByOne:
    """Every metric on its own, from its own observations."""

    def __init__(self, model: Autoencoder, dataset: Dataset, settings: MetricSettings) -> None:
        self.model, self.dataset, self.settings = model, dataset, settings
        self.sizes = settings.described()
        self.generator = np.random.default_rng(settings.seed)

    def encode(self, factors: np.ndarray) -> np.ndarray:
        """Codes (n, D) of factors (n, K)."""
        indices = self.dataset.grid.indices(torch.from_numpy(factors))
        batches = [encoded(self.model, self.dataset.batch(batch)) for batch in indices.split(ENCODED_AT_ONCE)]
        return torch.cat(batches).numpy()

    def points(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Codes and factors of random observations, encoded anew."""
        factors = self.generator.integers(self.dataset.factor_sizes, size=(count, len(self.dataset.factor_sizes)))
        return self.encode(factors), factors

    def train(self) -> tuple[np.ndarray, np.ndarray]:
        return self.points(self.settings.num_train)

    def both(self) -> tuple[np.ndarray, ...]:
        return *self.train(), *self.points(self.settings.num_test)

    def classifiers(self, codes: np.ndarray, factors: np.ndarray) -> list[GradientBoostingClassifier]:
        """Classifiers with scikit-learn's defaults, one after the other."""
        return [GradientBoostingClassifier(random_state=0).fit(codes, column) for column in factors.T]

    def dci(self) -> None:
        arrays = self.both()
        metrics.dci.score(*arrays, classifiers=self.classifiers(*arrays[:2]))

    def fairness(self) -> None:
        arrays = self.train()
        metrics.fairness.score(
            *arrays,
            sample=self.encode,
            factor_sizes=self.dataset.factor_sizes,
            num_test_points_per_class=self.sizes["num_test_points_per_class"],
            classifiers=self.classifiers(*arrays),
        )

    def responses(self) -> None:
        sizes, model = self.sizes, self.model
        latents = torch.from_numpy(self.points(sizes["num_latent"])[0])
        scales, options = scales_of(latents), {"batch_size": DECODED_AT_ONCE}
        response_matrix(latents[: sizes["num_response"]], model.encode, model.decode, scales, **options)
        groups = factor_groups(self.encode, self.dataset.factor_sizes, sizes["num_groups"], **options)
        found = []
        for latents in groups:
            each = [factor_responses([g[None]], model.encode, model.decode, scales, **options)[0] for g in latents]
            found.append(torch.cat(each))
        response_scores(torch.stack(found))

    def metrics(self) -> dict[str, Callable[[], object]]:
        return {
            "IRS": lambda: metrics.irs.score(*self.train()),
            "Fairness": self.fairness,
            "UnsupervisedMetrics": lambda: metrics.unsupervised.score(*self.train()),
            "ModularityExplicitness": lambda: metrics.modularity_explicitness.score(*self.both()),
            "SAP": lambda: metrics.sap.score(*self.both()),
            "MIG": lambda: metrics.mig.score(*self.train()),
            "DCI": self.dci,
            "LatentResponses": self.responses,
        }


def scaled(settings: MetricSettings, num_train: int) -> MetricSettings:
    """Settings with all sizes by the same factor."""

    def size(name: str, least: int = 1) -> int:
        return max(least, round(published[name] * num_train / settings.num_train))

    published = settings.described()
    points = {name: size(name, 2) for name in ("num_train", "num_test", "num_latent")}
    few = {"num_response": 2, "num_groups": 1, "num_test_points_per_class": 1}
    return replace(settings, **points, own={name: size(name, least) for name, least in few.items()})


def main() -> None:
    """Print the seconds of each metric in both ways, and the ratio of the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", nargs="+", default=DEFAULT)
    parser.add_argument("--num-train", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = sae.create_config(*arguments.configs)
    dataset = build_data(config).dataset.in_mode("full")
    model = sae.build_model(*arguments.configs, shape=dataset.din).eval()
    settings = scaled(MetricSettings(jobs=arguments.threads), arguments.num_train)

    start = time.perf_counter()
    outcome = evaluate_metrics(to_device(copy.deepcopy(model), dataset.device), dataset, settings)
    together = time.perf_counter() - start
    for name, seconds in outcome.seconds.items():
        print(f"together           {name:<24}{seconds:9.1f} s", flush=True)

    alone = 0.0
    with torch.no_grad():
        for name, compute in OneByOne(model, dataset, settings).metrics().items():
            start = time.perf_counter()
            compute()
            seconds = time.perf_counter() - start
            alone += seconds
            print(f"one after the other {name:<23}{seconds:9.1f} s", flush=True)
    print(f"{arguments.threads} threads, {settings.num_train:,} points: together {together:.1f} s, ", end="")
    print(f"one after the other {alone:.1f} s, ratio {together / alone:.3f}")


if __name__ == "__main__":
    main()
