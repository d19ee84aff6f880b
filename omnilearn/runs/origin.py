"""The run whose weights another one starts with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from omnilearn.config.tree import nested
from omnilearn.errors import UserError
from omnilearn.runs.identity import experiment_of
from omnilearn.runs.run import Run
from omnilearn.runs.stored_config import read_stored_config

# What of an experiment differs between its repetitions.
_BY_SEED = ("seed", "dataset_size")


@dataclass(frozen=True)
class Origin:
    """Where the first weights of a run come from, as its config notes it.

    Attributes:
        run: the name of the other run.
        step: the training steps that it had done.
        weights: digest of the weights.
        experiment: digest of what it was trained with, the same for each of its seeds.
        din: size of its observations.
        holdouts: what was held out from its training and from that of the runs that it comes from, the latest first.
    """

    run: str
    step: int
    weights: str
    experiment: str
    din: int | tuple[int, ...]
    holdouts: Sequence[Any] = ()

    def entries(self) -> dict[str, Any]:
        """The attributes as a config holds them."""
        return {
            **asdict(self),
            "din": self.din if isinstance(self.din, int) else list(self.din),
            "holdouts": list(self.holdouts),
        }


def origin_of(run: Run) -> Origin:
    """What a run that starts with the weights of this one notes; it has a checkpoint.

    Raises `UserError` where its config does not say what it was trained on.
    """
    assert run.state is not None and run.step is not None
    stored = read_stored_config(run.path)
    din, earlier, dataset = stored.get("din"), stored.get("origin"), stored.get("dataset")
    if not isinstance(din, int) and not (isinstance(din, list) and all(isinstance(side, int) for side in din)):
        raise UserError(f"{run.path}: its config does not say the size of its observations (din)")
    own = dataset.get("holdout") if isinstance(dataset, Mapping) else None
    holdouts = [own] if own else []
    if isinstance(earlier, Mapping) and isinstance(earlier.get("holdouts"), list):
        holdouts += [rules for rules in earlier["holdouts"] if rules not in holdouts]
    return Origin(
        run=run.name,
        step=run.step,
        weights=digest_of(run.state["model"]),
        experiment=_without_seed(stored),
        din=din if isinstance(din, int) else tuple(din),
        holdouts=holdouts,
    )


def digest_of(weights: Mapping[str, Tensor]) -> str:
    """A short digest of the values of tensors by name, whatever file they are kept in."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _without_seed(stored: Mapping[str, Any]) -> str:
    decisive = {key: value for key, value in experiment_of(nested(stored)).items() if key not in _BY_SEED}
    if isinstance(decisive.get("origin"), Mapping):
        decisive["origin"] = {key: decisive["origin"].get(key) for key in ("step", "experiment")}
    text = json.dumps([decisive, stored.get("budget")], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
