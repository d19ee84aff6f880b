"""Structural autoencoders and latent responses (Leeb et al.)."""

from importlib import import_module
from typing import Any

from omnilearn.system import check_system

check_system()

# Imported when first used: `fig -h` and the config layer do without torch.
_LAZY = {
    "build_model": "sae_src.run",
    "create_config": "sae_src.run",
    "load_run": "sae_src.run",
    "evaluate_metrics": "sae_src.eval_metrics.from_python",
    "results": "sae_src.comparison.frame",
    "response_matrix": "sae_src.responses",
    "train": "sae_src.training_from_python",
}
_MODULES = ("metrics",)

__all__ = [*_LAZY, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sae_src.{name}")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
