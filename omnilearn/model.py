"""What the infrastructure trains and evaluates."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn

Self = TypeVar("Self", bound="Model")


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
        frozen: names of the parts that training leaves as they are.
    """

    trained_apart: ClassVar[tuple[str, ...]] = ()
    takes_pairs: ClassVar[bool] = False
    evaluates_singly: ClassVar[bool] = True
    step: int = 0
    frozen: tuple[str, ...] = ()

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

    def freeze(self, *names: str) -> None:
        """Leave parts as they are from now on: without gradients, and in evaluation mode at all times."""
        self.frozen = names
        for name in names:
            self.get_submodule(name).requires_grad_(False)
        self.train(self.training)

    def train(self: Self, mode: bool = True) -> Self:
        """Set training or evaluation mode, but for parts that are frozen: else batch norms would take averages."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        return self

    def set_step(self, step: int) -> None:
        """Be told how many training steps are done: after every step, and when a state is loaded.

        A model of which something follows the steps puts it where it belongs, without waiting for the device, into
        tensors that stay where they are and are not saved: the step says all.
        """
        self.step = step

    def scheduled(self) -> Mapping[str, float]:
        """What follows the training steps, such as a weight, by the name of its curve: the values for the next step."""
        return {}
