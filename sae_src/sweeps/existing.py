"""The runs that there are, by what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from omnilearn.errors import UserError
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.folder import run_folders
from omnilearn.runs.identity import identity
from omnilearn.runs.stored_config import glance_at_config
from omnilearn.training.unfinished import is_finished

FOLDER = "_sweeps"  # of the files of sweeps, below the folder of all runs


@dataclass
class ExistingRuns:
    """Finds the runs under a folder by their identity; reads the config of each folder once.

    Attributes:
        root: the folder of all runs.
    """

    root: Path
    _known: dict[str, str] = field(default_factory=dict)

    def find(self, wanted: str) -> Path | None:
        """The run of an identity: of several a finished one, else the one with the most steps; None without any."""
        paths = [self.root / name for name, known in self._looked_up().items() if known == wanted]
        return max(paths, key=lambda path: (is_trained(path), steps_saved(path), path.name), default=None)

    def _looked_up(self) -> Mapping[str, str]:
        """The identity of every run that is there now, by the name of its folder."""
        found = {}
        for name in (path.name for path in run_folders(self.root)):
            if name not in self._known:
                try:
                    self._known[name] = identity(glance_at_config(self.root / name))
                except (UserError, OSError):  # no run, one that is being made, or damaged
                    continue
            found[name] = self._known[name]
        return found


def is_trained(run: Path) -> bool:
    """Whether a run has come to its budget, with the evaluation at its end if it has one.

    Its checkpoints may be gone, or have never been written.
    """
    try:
        return is_finished(run, glance_at_config(run))
    except (UserError, OSError):
        return False


def steps_saved(run: Path) -> int:
    """The step of a run's newest checkpoint, 0 without any."""
    return max(checkpoint_steps(run), default=0)
