"""What a run tells TensorBoard as it begins: what it is, and how its curves belong together."""

from collections.abc import Iterable, Mapping
from typing import Any

from omnilearn.config import Node, dump_yaml, keys_given
from omnilearn.tensorboard.dashboard import joint_charts, settings_and_scores
from omnilearn.tensorboard.writer import TensorBoardWriter, tag_of
from omnilearn.training.components import Components
from omnilearn.training.settings import TrainSettings

# Keys with a column of their own, columns that are shown at once, and keys that make no other experiment.
_SHOWN = {"seed", "budget", "latent_dim", "dataset.batch_size", "model.optim.lr", "precision"}
_FIRST = {"data", "model", "other keys", "seed"}
_UNIMPORTANT = {"name", "name_include_date", "saveroot", "device", "labels", "print", "viz", "records", "checkpoint"}


def write_dashboard(
    writer: TensorBoardWriter,
    config: Node,
    settings: TrainSettings,
    components: Components,
    *,
    kinds: Mapping[str, str],
    info: Mapping[str, Any],
    stored: Mapping[str, Any],
    losses: Iterable[str],
) -> None:
    """Write the tabs TEXT, HPARAMS and CUSTOM SCALARS of a new run.

    Args:
        writer: where to.
        config, settings, components: the run.
        kinds: the names of its `dataset` and `method`.
        info: the entries of its `info.yaml`.
        stored: its config as `config.yaml` keeps it.
        losses: the names of the model's losses.
    """
    writer.text("model-str", str(components.model), 0)
    optimisers = {name: optimiser.torch_optimiser for name, optimiser in components.optimisers.items()}
    writer.text("model-optim-str", "\n".join(map(str, optimisers.values())), 0)
    writer.text("command", str(info["command"]), 0)
    writer.text("config", dump_yaml(stored), 0)
    machine = {name: info[name] for name in ("host", "device", "threads", "started", "revision", "seed")}
    versions = {f"version of {name}": version for name, version in info["versions"].items()}
    writer.text("machine", "\n".join(f"{name}: {value}" for name, value in {**machine, **versions}.items()), 0)
    main = next(iter(optimisers.values()))
    shown: dict[str, bool | float | str] = {
        "model": str(info["model"]),
        "method": kinds["method"],
        "data": kinds["dataset"],
        "seed": components.seed,
        "budget": settings.budget,
        "batch size": components.data.loading.batch_size,
        "learning rate": float(main.param_groups[0]["lr"]),
        "optimiser": type(main).__name__,
        "latents": str(stored.get("latent_dim")),
        "parameters": sum(parameter.numel() for parameter in components.model.parameters()),
        "precision": settings.precision,
        "other keys": _other_keys(keys_given(config), stored),
    }
    writer.open_mirror(shown)
    if settings.records is None:
        return
    for part in settings_and_scores(shown, settings.records.scores, first=_FIRST):
        writer.summary(part, 0)
    writer.summary(joint_charts(tag_of("{}", name) for name in losses), 0)


def _other_keys(given: Iterable[str], stored: Mapping[str, Any]) -> str:
    """The keys of the command line that have no column of their own, with their values."""
    shown = []
    for key in sorted(given):
        if key in _SHOWN or key.split(".")[0] in _UNIMPORTANT:
            continue
        value: Any = stored
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        shown.append(f"--{key} {'null' if value is None else value}")
    return " ".join(shown)
