"""What the infrastructure trains and evaluates."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn


class Model(nn.Module, ABC):
    """A module that knows its own losses.

    Attributes:
        trained_apart: names of parts, such as `discriminator`, that have an optimiser of their own (the config beside
            the part: `model.discriminator.optim`) and a loss of their own among the losses (`discriminator_loss`). It
            may share no parameter and no part of its graph with another one.
        takes_pairs: whether a training batch is to hold pairs: B observations, then a partner of each.
        evaluates_singly: whether, in evaluation mode, what a class adds treats each observation by itself and draws
            nothing, so that every loss is a mean over observations, whatever batches they come in. Each class says so
            for itself: it holds for a model where all its classes say so.
        step: training steps done.
    """

    trained_apart: ClassVar[tuple[str, ...]] = ()
    takes_pairs: ClassVar[bool] = False
    evaluates_singly: ClassVar[bool] = True
    step: int = 0

    @property
    def is_evaluated_singly(self) -> bool:
        """Whether evaluations may choose their batches: each class that adds anything `evaluates_singly`."""

        def says_so(kind: type) -> bool:
            added = vars(kind)
            # A class put together from a config adds how it is pickled, and nothing else.
            own = any(callable(value) for name, value in added.items() if name != "__reduce__")
            return bool(added.get("evaluates_singly", not own))

        return all(says_so(kind) for kind in type(self).__mro__ if issubclass(kind, Model))

    @abstractmethod
    def losses(self, observations: Tensor) -> dict[str, Any]:
        """One forward pass over observations (B, *din).

        Returns the `loss` to minimise, further losses as single numbers, and tensors or distributions that they came
        from, among them the `original` observations.
        """

    def set_step(self, step: int) -> None:
        """Be told how many training steps are done: after every step, and when a state is loaded.

        A model of which something follows the steps puts it where it belongs, without waiting for the device, into
        tensors that stay where they are and are not saved: the step says all.
        """
        self.step = step

    def scheduled(self) -> Mapping[str, float]:
        """What follows the training steps, such as a weight, by the name of its curve: the values for the next step."""
        return {}
