"""What the metrics of one model share; each part is made when the first metric asks for it.

The parts are named as the parameters of metrics that they are given for (`sae_src.metrics.metric.SHARED`). None is a
part that these data or this model do not have.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import joblib
import numpy as np
import torch
from torch import Tensor

from omnilearn.progress import Progress
from sae_src.eval_metrics.codes import MetricData
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.settings import MetricSettings
from sae_src.metrics.boosting import Classifier, fit_classifiers
from sae_src.metrics.metric import Metric
from sae_src.metrics.sampling import Sampler
from sae_src.responses import Decode, Encode

_TRAIN, _TEST = 0, 1  # streams of random draws
_OF_TRAINING = ("codes_train", "factors_train", "scales")

WITHOUT = {
    "factor_groups": "need an observation for every combination of factor values, or a causal model to intervene on"
}
"""Why a part that a metric can do without is not there."""


class SharedParts:
    """The parts that metrics share, of the points that the settings ask for.

    Args:
        data: the observations and the model.
        settings: how many points, and how trees are trained.
        outcome: where times and numbers of points are noted.
    """

    def __init__(self, data: MetricData, settings: MetricSettings, outcome: Outcome) -> None:
        self._data, self._settings, self._outcome = data, settings, outcome

    def part(self, name: str, metric: Metric) -> object:
        """The part that a metric is given for the parameter `name`; its factors are classes or numbers, by its need."""
        if metric.need == "numbers" and name in ("factors_train", "factors_test"):
            value = self._data.numbers(self._train if name == "factors_train" else self._test)
        else:
            value = getattr(self, name)
        return value[self._first_drawn] if metric.takes_each_once and name in _OF_TRAINING else value

    @cached_property
    def codes_train(self) -> np.ndarray:
        """Codes (N, D) to train on."""
        self._outcome.samples["train"] = self._settings.num_train
        return self._codes_drawn[: self._settings.num_train]

    @cached_property
    def factors_train(self) -> np.ndarray:
        """Factors (N, K) of the points to train on."""
        return self._data.factors(self._train)

    @cached_property
    def codes_test(self) -> np.ndarray:
        """Codes (M, D) to test on."""
        self._outcome.samples["test"] = self._settings.num_test
        self._outcome.trained_on = int(torch.isin(self._test, self._train).sum())
        with self._outcome.timing("codes"):
            return self._data.codes(self._test)

    @cached_property
    def factors_test(self) -> np.ndarray:
        """Factors (M, K) of the points to test on."""
        return self._data.factors(self._test)

    @cached_property
    def scales(self) -> np.ndarray | None:
        """Standard deviations (N, D) of the posteriors of the codes to train on."""
        return self._data.scales(self._train) if self._data.has_posteriors else None

    @cached_property
    def classifiers(self) -> list[Classifier | None]:
        """The boosted trees that predict the factors of the points to train on."""
        settings, codes, factors = self._settings, self.codes_train, self.factors_train
        jobs = min(joblib.cpu_count(), factors.shape[1]) if settings.jobs == -1 else settings.jobs

        def shown(fitted: Iterable[Classifier]) -> Iterator[Classifier]:
            with Progress(factors.shape[1], "boosted classifiers", "factors") as progress:
                for classifier in fitted:
                    yield classifier
                    progress.update()

        with self._outcome.timing("classifiers"):
            seed, backend = settings.seed, settings.backend
            return fit_classifiers(codes, factors, seed=seed, jobs=jobs, backend=backend, progress=shown)

    @property
    def sample(self) -> Sampler | None:
        """The codes of any factors."""
        return None if self._data.grid is None else self._data.sample

    @property
    def factor_sizes(self) -> Sequence[int] | None:
        """The number of values of each factor."""
        return self._data.factor_sizes

    @cached_property
    def latents(self) -> Tensor:
        """Codes (L, D) to intervene on, where the model is: the first points, those to train on among them."""
        self._outcome.samples["latent"] = self._settings.num_latent
        return torch.from_numpy(self._codes_drawn[: self._settings.num_latent]).to(self._data.device)

    @property
    def encode(self) -> Encode:
        """The encoder."""
        return self._data.model.encode

    @property
    def decode(self) -> Decode:
        """The decoder."""
        return self._data.model.decode

    @property
    def factor_groups(self) -> Callable[[int], list[Tensor]] | None:
        """Makes groups of interventions on each factor."""
        return self._data.factor_groups if self._data.can_intervene else None

    @property
    def model_batch_size(self) -> int:
        """How many latents are decoded and encoded at once."""
        return self._data.table.batch_size

    @cached_property
    def _drawn(self) -> Tensor:
        return self._data.draw(max(self._settings.num_train, self._settings.num_latent), _TRAIN)

    @cached_property
    def _codes_drawn(self) -> np.ndarray:
        with self._outcome.timing("codes"):
            return self._data.codes(self._drawn)

    @property
    def _train(self) -> Tensor:
        return self._drawn[: self._settings.num_train]

    @cached_property
    def _first_drawn(self) -> np.ndarray:
        """Which of the points to train on, in order, are of observations that were not drawn before."""
        first = np.sort(np.unique(self._train.numpy(), return_index=True)[1])
        self._outcome.samples["train_once"] = len(first)
        return first

    @cached_property
    def _test(self) -> Tensor:
        return self._data.draw(self._settings.num_test, _TEST)
