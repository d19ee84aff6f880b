"""What a metric says of itself: one `METRIC` at the end of each metric's module."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Need = Literal["codes", "factors", "numbers", "grid", "posteriors"]
"""What a metric takes beside codes: nothing, factors as classes, factors as any numbers, an observation for every
combination of factor values, or factors as classes and the `scales` of Gaussian posteriors."""

SHARED = frozenset(
    {
        "codes_train",  # codes (N, D) to train on
        "factors_train",  # their factors (N, K)
        "codes_test",  # codes (M, D) to test on
        "factors_test",  # their factors (M, K)
        "scales",  # standard deviations (N, D) of the posteriors of the training codes
        "classifiers",  # from `boosting.fit_classifiers` on the training points
        "sample",  # codes of any factors, see `sampling.Sampler`; only on a grid
        "factor_sizes",  # number of values of each factor; only on a grid
        "latents",  # codes (L, D) to intervene on, as a tensor where the model is
        "encode",  # the model's encoder, see `responses.Encode`
        "decode",  # its decoder, see `responses.Decode`
        "factor_groups",  # codes of interventions on each factor; only on a grid or with a causal model
        "model_batch_size",  # how many latents are best decoded and encoded at once
    }
)
"""Parameters that an evaluation fills for all metrics alike. All others are settings, which configs know by name."""


@dataclass(frozen=True)
class Metric:
    """A metric as configs, results, help and documents know it; all of them derive from this.

    Attributes:
        name: its name in configs, such as `mig`.
        title: its name in results, such as `MIG`.
        score: the function. It is called with what its signature names: what metrics share (`SHARED`), the settings
            of the evaluation (`seed`, `jobs`, `backend`, `num_train`, `num_test`), and its own settings, which have
            defaults and are config keys of the same name. It raises `ValueError` for arrays that it cannot score.
        scores: which of the numbers that it returns, with its default settings, are scores; the rest are results.
        scores_for: which are with other settings of its own, where that depends on them.
        meaning: what a good score says, in a few words.
        range: of the scores, and which end is good.
        need: what it cannot do without.
        ignores_test_points: whether it has no use for the test arrays, which its signature names as all others do.
        takes_each_once: whether an observation that was drawn several times to train on is given to it once.
        at_least: the least values of its own settings, checked before anything is computed.
        at_most: the largest ones; a name stands for the value of the setting of that name.
        optional: shared parts that it can do without, and what it then leaves out.
        no_interval: why its points cannot be drawn again for an interval of its scores; empty where they can.
        also_results: scores that are kept among the results too.
        is_published: whether the published evaluations have it, and so the default ones.
    """

    name: str
    title: str
    score: Callable[..., Mapping[str, Any]]
    scores: tuple[str, ...]
    meaning: str = ""
    range: str = ""
    need: Need = "factors"
    ignores_test_points: bool = False
    takes_each_once: bool = False
    scores_for: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float | str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    no_interval: str = ""
    also_results: tuple[str, ...] = ()
    is_published: bool = False

    def scores_with(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of its scores when it is called with these arguments."""
        return self.scores if self.scores_for is None else self.scores_for(given)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters that an evaluation fills: all but those for factors or test arrays that it has no use for."""
        unused: set[str] = set()
        if self.need == "codes":
            unused |= {"factors_train", "factors_test"}
        if self.ignores_test_points:
            unused |= {"codes_test", "factors_test"}
        found = inspect.signature(self.score, eval_str=True).parameters
        return {name: parameter for name, parameter in found.items() if name not in unused}
