"""Elsewhere that the numbers of a training go too, while TensorBoard's files stay what counts."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from omnilearn.config.registry import component
from omnilearn.errors import UserError, first_line

_log = logging.getLogger(__name__)
Settings = Mapping[str, bool | float | str]


class Mirror(ABC):
    """A tracker of experiments.

    What its library raises ends the mirroring with a warning, never the training: see `GuardedMirror`.
    """

    @abstractmethod
    def open(self, folder: Path, settings: Settings) -> None:
        """Begin, or go on with, the run of a folder, whose name it takes; with its settings where it is new."""

    @abstractmethod
    def scalar(self, tag: str, value: float, step: int) -> None:
        """Take a number."""

    @abstractmethod
    def close(self) -> None:
        """Send what is left."""


class WandbMirror(Mirror):
    """Weights & Biases, or trackio, which has the same calls and keeps everything on this machine.

    Args:
        library: the module.
        project: what runs are filed under.
    """

    def __init__(self, library: Literal["wandb", "trackio"], project: str) -> None:
        self._project = project
        self._module: Any = _imported(library)

    def open(self, folder: Path, settings: Settings) -> None:
        """Begin the run, or go on with it."""
        place: dict[str, Any] = {"dir": str(folder), "id": folder.name} if self._module.__name__ == "wandb" else {}
        self._module.init(project=self._project, name=folder.name, config=dict(settings), resume="allow", **place)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Log a number."""
        self._module.log({tag: value}, step=step)

    def close(self) -> None:
        """Finish the run."""
        self._module.finish()


@component("wandb")
def wandb_mirror(project: str = "structural-autoencoders") -> Mirror:
    """Weights & Biases: `pip install wandb`, `wandb login`.

    Args:
        project: what runs are filed under.
    """
    return WandbMirror("wandb", project)


@component("trackio")
def trackio_mirror(project: str = "structural-autoencoders") -> Mirror:
    """trackio, which stays on this machine: `pip install trackio`, `trackio show`.

    Args:
        project: what runs are filed under.
    """
    return WandbMirror("trackio", project)


@component("mlflow")
class MLflowMirror(Mirror):
    """MLflow: `pip install mlflow`, `mlflow ui`.

    Args:
        experiment: what runs are filed under.
        uri: where the server or the database is (default: MLFLOW_TRACKING_URI, else as MLflow decides).
    """

    def __init__(self, experiment: str = "structural-autoencoders", uri: str | None = None) -> None:
        self._experiment, self._uri = experiment, uri
        self._module: Any = _imported("mlflow")

    def open(self, folder: Path, settings: Settings) -> None:
        """Begin the run, or go on with the newest one of that name."""
        if self._uri is not None:
            self._module.set_tracking_uri(self._uri)
        experiment = self._module.set_experiment(self._experiment)
        known = self._module.search_runs(
            [experiment.experiment_id], f"attributes.run_name = '{folder.name}'", max_results=1, output_format="list"
        )
        self._module.start_run(known[0].info.run_id if known else None, run_name=folder.name)
        if not known:
            self._module.log_params(dict(settings))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Log a number."""
        self._module.log_metric(tag, value, step=step)

    def close(self) -> None:
        """End the run."""
        self._module.end_run()


class GuardedMirror:
    """A mirror that stops, with one warning, at the first error of its library."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror: Mirror | None = mirror

    def open(self, folder: Path, settings: Settings) -> None:
        """Begin, or go on with, the run of a folder."""
        self._do("open", folder, settings)

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Take a number."""
        self._do("scalar", tag, value, step)

    def close(self) -> None:
        """Send what is left."""
        self._do("close")

    def _do(self, what: str, *arguments: Any) -> None:
        if self._mirror is None:
            return
        try:
            getattr(self._mirror, what)(*arguments)
        except Exception as error:  # of a library or a network that the training does not depend on
            name, self._mirror = type(self._mirror).__name__, None
            _log.warning("mirror: %s stops: %s: %s", name, type(error).__name__, first_line(error))


def _imported(library: str) -> Any:
    try:
        return import_module(library)
    except ModuleNotFoundError:
        raise UserError(f"mirror: needs {library}: pip install {library}") from None
