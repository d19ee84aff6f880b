"""Runs that the published system wrote, read as they are: their configs and checkpoints in this system's terms."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnilearn.errors import UserError

Table = Mapping[str, Any]

# Parts of the published training engine, which have other settings here or none.
_ENGINE = {
    "checkpoint",
    "clock",
    "device",
    "eval",
    "evaluation",
    "load",
    "logger",
    "num_workers",
    "path",
    "print",
    "records",
    "run",
    "stats",
    "step_device",
    "time_limit",
    "validation",
    "viz",
}
# What layers were told, and now find out for themselves.
_SIZES = {"_din", "_dout", "_dout_key", "din", "dout", "in_order", "latent_dim", "net", "style_dim", "tfms"}
_DATASET = {
    "batch_size",
    "category",
    "drop_last",
    "label_type",
    "net",
    "nonlin",
    "num_nodes",
    "num_samples",
    "out_dim",
    "seed",
    "shuffle",
    "shuffle_split",
    "split",
}
# The last part of the name of every tensor that is state of a model; the others are caches.
_STATE = ("weight", "bias", "root", "running_mean", "running_var", "num_batches_tracked", "_latent")


def is_published(config: Table) -> bool:
    """Whether a run's config (keys with underscores) was written by the published system."""
    return isinstance(config.get("model"), Mapping) and "_model_type" in config["model"]


def translate_config(config: Table) -> dict[str, Any]:
    """The config of a published run (keys with underscores) as this system writes it.

    Raises `UserError` where a part that every run has is missing.
    """
    try:
        settings = {key: value for key, value in config.items() if key not in _ENGINE and not key.startswith("_")}
        return {
            **settings,
            "viz": {"_type": "sae-viz"},
            "fid": _fid(config.get("fid")),
            "dataset": _dataset(config["dataset"]),
            "model": _model(config["model"]),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"config.yaml of a published run lacks or misuses {error}") from error


def translate_state(stored: Table, run: Path) -> dict[str, Any]:
    """The model in a published checkpoint, as `load_state_dict` takes it, without the features that layers cached.

    Raises `UserError`, naming the run, where there is no model in it.
    """
    try:
        parameters = stored["model_state"]["model"]["parameters"]
        return {"model": {name: value for name, value in parameters.items() if name.split(".")[-1] in _STATE}}
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{run}: its checkpoint holds no model of the published system") from None


def _fid(node: Table | None) -> dict[str, Any] | None:
    if not isinstance(node, Mapping):
        return None
    return {"_type": "fid", **{key: node[key] for key in ("dim", "batch_size", "n_samples") if key in node}}


def _dataset(node: Table) -> dict[str, Any]:
    settings = {key: value for key, value in node.items() if key in _DATASET}
    if isinstance(settings.get("net"), Mapping):
        settings["net"] = _without_sizes(settings["net"])
    return {"_type": node.get("_dataset_type") or node.get("dataset_name") or node["name"], **settings}


def _model(node: Table) -> dict[str, Any]:
    settings = {key: value for key, value in node.items() if not key.startswith("_")}
    criterion = node["criterion"]
    modifiers = node.get("_model_mod") or {}
    return {
        **settings,
        "_type": node["_model_type"],
        # Priors were modifiers; a method that needs one now has it.
        "_mod": {"hybrid": 1} if "hybrid" in modifiers else {},
        "criterion": {"_type": "criterion", "ident": criterion["ident"], **(criterion.get("kwargs") or {})},
        "encoder": _stack(node["encoder"], in_order=True),
        "decoder": _stack(node["decoder"], in_order=False),
    }


def _stack(node: Table, *, in_order: bool) -> dict[str, Any]:
    """An encoder or a decoder and the layers in it."""
    layers = _without_sizes(node)
    for key, value in layers.items():
        if isinstance(value, Mapping) and key != "_mod":
            layers[key] = _without_sizes(value)
        elif isinstance(value, list):
            layers[key] = [_without_sizes(item) if isinstance(item, Mapping) else item for item in value]
    return {**layers, "in_order": in_order}


def _without_sizes(node: Table) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in _SIZES}
