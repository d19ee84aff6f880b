"""Structural autoencoders and latent responses (Leeb et al.)."""

from importlib import import_module

# Imported when first used: `fig -h` and the config layer do without torch.
_LAZY = {"build_model": "sae_src.run", "create_config": "sae_src.run", "load_run": "sae_src.run"}

__all__ = list(_LAZY)


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
