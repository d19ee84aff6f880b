"""Training from Python: `sae.train("hybrid", "a/conv12", "m/ae", "d/vec", budget=1000)` returns the run."""

from pathlib import Path
from typing import Any

from omnilearn.data.own.given import Factors, keep_given
from omnilearn.errors import UserError
from omnilearn.runs.folder import find_run, save_root
from omnilearn.training.train import train as train_config
from omnilearn.training.updated_part import Update
from sae_src.commands.further_training import start_from
from sae_src.run import create_config, load_run
from sae_src.saved_run import SavedRun


def train(
    *configs: str,
    data: Any = None,
    factors: Factors | None = None,
    budget: int | None = None,
    from_run: str | Path | SavedRun | None = None,
    update: Update | None = None,
    **keys: Any,
) -> SavedRun:
    """Train as `fig train` does with the same words, and return the run.

    Args:
        configs: names of configs, the first is the strongest.
        data: observations in place of a config of `d/`: an array, a tensor, or a data set of torch; images (N, H, W),
            (N, H, W, C) or (N, C, H, W), uint8 or floats in [0, 1], or vectors (N, D). They are kept in a file below
            the data folder, so that the run can be read back, and trained on as `d/array` with its keys.
        factors: columns (N, K) or (N,), or columns by name, beside `data`.
        budget: training steps.
        from_run: a run whose weights the new one starts with, and whose config holds where nothing else is given, as
            with `fig train --from`: the run, its name or its folder.
        update: with `from_run`, what is trained: `encoder`, `decoder`, or by default `both`.
        keys: config values, such as `latent_dim=24` or `**{"model.nonlin": "mish"}`.

    Raises:
        UserError: where configs, keys and data do not fit together, or the data are not what they should be.
    """
    if data is None and factors is not None:
        raise UserError("factors: they go with data; the data sets of d/ have their own")
    if update is not None and from_run is None:
        raise UserError("update: it goes with from_run, the run whose weights are updated")
    if data is not None:
        root = keys.get("dataroot")
        keys["path"] = str(keep_given(data, factors, dataroot=None if root is None else Path(root)))
        configs = (*configs, "d/array")
    if budget is not None:
        keys["budget"] = budget
    config = create_config(*configs, **keys)
    if from_run is None:
        return load_run(train_config(config))
    root = keys.get("saveroot")
    path = from_run.path if isinstance(from_run, SavedRun) else find_run(from_run, save_root(root and Path(root)))
    return load_run(start_from(path, config, update or "both"))
