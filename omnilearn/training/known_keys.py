"""The keys that a training takes, known before anything is built or read."""

from omnilearn.config import Node, expect, find, keys_given, reject_unknown_keys
from omnilearn.config.components import component_of
from omnilearn.config.recorder import recorder_of
from omnilearn.data import Dataset, Loading
from omnilearn.evaluation.measures import Measure, measure_keys
from omnilearn.model import Model
from omnilearn.optim.optimisers import Optimiser
from omnilearn.training.settings import TrainSettings


def expect_training(config: Node) -> None:
    """Note the keys of a training: those of the run, of its data, its model, its measures and its seed."""
    expect(TrainSettings, config)
    expect(Loading, config, "dataset")
    model = find(config, "model")
    kind = None if model is None else component_of(model)
    for place in ("model", *(f"model.{name}" for name in getattr(kind, "trained_apart", ()))):
        recorder_of(config).declare_at(place, {"optim": Optimiser})
    kinds = {"dataset": Dataset, "model": Model, "seed": int, "accept_changes": bool}
    recorder_of(config).declare(config, kinds | dict.fromkeys(measure_keys(), Measure | None))


def reject_unknown_to_training(config: Node) -> None:
    """Raise `ConfigError` for the first key given beside configs that a training does not take.

    A table of a new name that says what component it is, is its owner's: nobody but the owner reads it.
    """
    expect_training(config)
    own = {key.removesuffix("._type") for key in keys_given(config) if key.count(".") == 1 and key.endswith("._type")}
    known = {name for address, name in recorder_of(config).declared if not address}
    reject_unknown_keys(config, [key for key in keys_given(config) if key.split(".")[0] not in own - known])
