"""An exponential average of the weights along the steps of a training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from omnilearn.model import Model


class WeightAverage:
    """An average of a model's weights that follows them slowly, and so is steadier than they are.

    After step t each averaged number is d times what it was plus 1 - d times the trained one, with
    d = min(share, (1 + t) / (10 + t)), so that the weights of the first steps are soon forgotten. (Averages along the
    way: Polyak & Juditsky 1992; this d: TensorFlow's ExponentialMovingAverage.) The running statistics of batch norms
    are averaged too, since they belong to the weights; all else that a model keeps, such as the latents of its last
    batch, is left as it is.

    Args:
        model: what is trained; the average starts from its present weights.
        share: of the average that a step keeps, between 0 and 1.

    Attributes:
        share: as above.
    """

    def __init__(self, model: Model, share: float) -> None:
        self.share = share
        self._trained: dict[str, Tensor] = dict(model.named_parameters(remove_duplicate=False))
        statistics = ("running_mean", "running_var")
        self._trained |= {name: value for name, value in model.named_buffers() if name.split(".")[-1] in statistics}
        self._averages = {name: value.detach().clone() for name, value in self._trained.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step; does not wait for the device."""
        share = min(self.share, (1 + step) / (10 + step))
        get_ema_multi_avg_fn(share)(tuple(self._averages.values()), tuple(self._trained.values()), step)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have the averaged weights, and afterwards the trained ones again."""
        trained = self.trained()
        self.put_into_model(self._averages)
        try:
            yield
        finally:
            self.put_into_model(trained)

    def averages(self) -> dict[str, Tensor]:
        """The averaged weights, by their names in the model."""
        return dict(self._averages)

    def trained(self) -> dict[str, Tensor]:
        """A copy of the trained weights, by their names in the model."""
        return {name: value.detach().clone() for name, value in self._trained.items()}

    @torch.no_grad()
    def put_into_model(self, weights: Mapping[str, Tensor]) -> None:
        """Put weights into the model, where optimisers and compiled code look for them; the average stays.

        Raises `ValueError` where they are not those of the model, by name, shape and type.
        """
        if (names := weights.keys()) != self._trained.keys():
            raise ValueError(f"trained weights of other names: {', '.join(sorted(names ^ self._trained.keys())[:3])}")
        for name, value in self._trained.items():
            weight = weights[name]
            if (weight.shape, weight.dtype) != (value.shape, value.dtype):
                raise ValueError(f"trained weights {name}: {tuple(weight.shape)} {weight.dtype}")
        for name, value in self._trained.items():
            value.copy_(weights[name])
