"""Disentanglement metrics on plain arrays: `sae.metrics.mig.score(codes, factors)`.

Every module has `score(codes_train, factors_train, codes_test=None, factors_test=None, *, seed=0, ...)`, with codes
(N, D) and factors (N, K), which returns one flat dict: numbers, and arrays with one row per code and one column per
factor. Without test arrays the training arrays serve as test arrays; metrics that need no factors take codes alone. A
score that the data leave undefined is NaN; arrays that do not fit together raise `ValueError`. Draws depend on `seed`
alone, never on a global generator. Two take something else: `rmig` wants the `scales` of Gaussian posteriors too, and
`udr` compares the codes of several runs.

What each score means, whether codes of different length compare, and what the number of points does, is at the top
of each module. At its end stands `METRIC`, by which evaluations, their help and documents know it (`metric.Metric`).
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    """A module of this package, imported when it is first asked for."""
    if name not in __dir__():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__))
