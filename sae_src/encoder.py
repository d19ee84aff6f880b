"""A trained encoder as a transformer of scikit-learn."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin

from omnilearn.data.own.one_array import without_mask
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.layers import flat_size
from sae_src.methods import Autoencoder, mean_of


class CodeTransformer(TransformerMixin, BaseEstimator):
    """Observations to the codes of a trained model, in pipelines of scikit-learn; there is nothing left to fit.

    Args:
        model: the model.
        batch_size: observations encoded at once.
    """

    def __init__(self, model: Autoencoder, batch_size: int = 256) -> None:
        self.model, self.batch_size = model, batch_size

    def fit(self, observations: ArrayLike, targets: Any = None) -> "CodeTransformer":
        """Do nothing: the model is trained."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, observations: ArrayLike) -> np.ndarray:
        """The codes (N, D), float32, of observations (N, *din), or of flat ones (N, values).

        Numbers are as the model takes them, images in [0, 1]; images of uint8 are scaled. Raises `ValueError` for
        observations of another size, for none, and for anything but numbers.
        """
        values = np.asarray(without_mask(observations, "the observations"))
        size = (self.model.din,) if isinstance(self.model.din, int) else self.model.din
        if values.dtype.kind not in "biuf":
            raise ValueError(f"expected observations of numbers, not of {values.dtype}")
        if values.ndim < 2 or len(values) == 0 or values[0].size != flat_size(self.model.din):
            raise ValueError(f"expected observations of the size {size}, not an array {values.shape}")
        values = values.reshape(len(values), *size)
        starts = range(0, len(values), self.batch_size)
        with evaluation_mode(self.model), torch.no_grad():
            codes = [mean_of(self.model.encode(values[start : start + self.batch_size])) for start in starts]
        return torch.cat(codes).float().cpu().numpy()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the codes."""
        return np.array([f"latent_{d}" for d in range(self.model.latent_dim)], dtype=object)
