"""What a training run can be told, section by section; frequencies count training steps, null switches off."""

from dataclasses import dataclass

from omnilearn.errors import UserError
from omnilearn.files import check_ident

Frequency = int | None


@dataclass(frozen=True)
class Validation:
    """When to run over the validation subset.

    Attributes:
        freq: steps between passes.
        mode: the part of the data.
        step_limit: at most this many batches in a pass.
    """

    freq: Frequency = 10_000
    mode: str = "val"
    step_limit: int | None = None

    def __post_init__(self) -> None:
        check_frequency("validation.freq", self.freq)
        check_frequency("validation.step_limit", self.step_limit)


@dataclass(frozen=True)
class Checkpoint:
    """When to save.

    Attributes:
        freq: steps between checkpoints.
        keep: how many stay (null: all); the newest and the one with the best validation loss always do.
    """

    freq: Frequency = 10_000
    keep: int | None = None

    def __post_init__(self) -> None:
        check_frequency("checkpoint.freq", self.freq)
        check_frequency("checkpoint.keep", self.keep)


@dataclass(frozen=True)
class Print:
    """When to say on the console how training goes: `freq` steps between updates."""

    freq: Frequency = 100

    def __post_init__(self) -> None:
        check_frequency("print.freq", self.freq)


@dataclass(frozen=True)
class Record:
    """When to write scalars for TensorBoard: `freq` steps between points."""

    freq: Frequency = 200

    def __post_init__(self) -> None:
        check_frequency("records.freq", self.freq)


@dataclass(frozen=True)
class FinalEvaluation:
    """The evaluation at the end of training.

    Attributes:
        mode: the part of the data.
        ident: the name of its results.
        step_limit: at most this many batches.
    """

    mode: str = "val"
    ident: str = "eval"
    step_limit: int | None = None

    def __post_init__(self) -> None:
        check_ident("evaluation.ident", self.ident)
        check_frequency("evaluation.step_limit", self.step_limit)


def check_frequency(key: str, value: Frequency) -> None:
    """Refuse what is not a positive number of steps or null."""
    if value is not None and value < 1:
        raise UserError(f"{key}: must be at least 1, or null for never, got {value}")
