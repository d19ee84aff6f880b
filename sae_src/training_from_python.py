"""Training from Python: `sae.train("hybrid", "a/conv12", "m/ae", "d/vec", budget=1000)` returns the run."""

from pathlib import Path
from typing import Any

from omnilearn.data.own.given import Factors, keep_given
from omnilearn.errors import UserError
from omnilearn.training.train import train as train_config
from sae_src.run import create_config, load_run
from sae_src.saved_run import SavedRun


def train(
    *configs: str, data: Any = None, factors: Factors | None = None, budget: int | None = None, **keys: Any
) -> SavedRun:
    """Train as `fig train` does with the same words, and return the run.

    Args:
        configs: names of configs, the first is the strongest.
        data: observations in place of a config of `d/`: an array, a tensor, or a data set of torch; images (N, H, W),
            (N, H, W, C) or (N, C, H, W), uint8 or floats in [0, 1], or vectors (N, D). They are kept in a file below
            the data folder, so that the run can be read back, and trained on as `d/array` with its keys.
        factors: columns (N, K) or (N,), or columns by name, beside `data`.
        budget: training steps.
        keys: config values, such as `latent_dim=24` or `**{"model.nonlin": "mish"}`.

    Raises:
        UserError: where configs, keys and data do not fit together, or the data are not what they should be.
    """
    if data is None and factors is not None:
        raise UserError("factors: they go with data; the data sets of d/ have their own")
    if data is not None:
        root = keys.get("dataroot")
        keys["path"] = str(keep_given(data, factors, dataroot=None if root is None else Path(root)))
        configs = (*configs, "d/array")
    if budget is not None:
        keys["budget"] = budget
    return load_run(train_config(create_config(*configs, **keys)))
