"""What a training run can be told, section by section; frequencies count training steps, null switches off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from omnilearn.device import check_threads
from omnilearn.errors import UserError
from omnilearn.precision import Precision
from omnilearn.runs.naming import RunNaming, check_ident
from omnilearn.runs.origin import Origin
from omnilearn.tensorboard.mirrors import Mirror
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.training.speed import Choice
from omnilearn.training.updated_part import Update

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
    """When to say on the console how training goes.

    Attributes:
        freq: steps between updates.
    """

    freq: Frequency = 100

    def __post_init__(self) -> None:
        check_frequency("print.freq", self.freq)


@dataclass(frozen=True)
class Record:
    """When to write scalars for TensorBoard, and which of them are scores.

    Attributes:
        freq: steps between points.
        scores: the tags that are columns of its tab HPARAMS; every run of a folder should have the same ones.
    """

    freq: Frequency = 200
    scores: tuple[str, ...] = ("loss/val", "eval/loss")

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


@dataclass(frozen=True)
class Labels:
    """What a run is noted under in `info.yaml`; changes nothing in it.

    Attributes:
        sweep: the sweep that it belongs to.
        model: the model's name there.
    """

    sweep: str | None = None
    model: str | None = None

    def entries(self) -> dict[str, str]:
        """The labels that there are, by name."""
        given = {"sweep": self.sweep, "model": self.model}
        return {name: label for name, label in given.items() if label is not None}


@dataclass(frozen=True)
class TrainSettings:
    """What `fig train` can be told beside the model and the data.

    Attributes:
        budget: training steps.
        name: name of the run instead of the one made from the configs.
        name_include_date: end the name with the date.
        saveroot: folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets).
        device: `cpu`, `cuda` or `cuda:N`; by default the GPU where there is one.
        threads: CPU threads, measured for `auto`; by default 1 for vectors, torch's own number for images.
        compile: whether the losses are compiled, `auto` for where it pays; a GPU replays their passes as CUDA graphs,
            and `graphs` is for that alone; changes the last digits of all numbers.
        compiled: what was chosen, as the run notes itself.
        deterministic: only exactly repeatable kernels on a GPU (slower).
        time_limit: hours after which it saves and exits with code 3.
        precision: of forward passes.
        weight_average: share of an average of the weights that each step keeps, such as 0.999; that average is what is
            evaluated and saved, and null for none.
        run: names the run.
        validation: when to run over the validation subset.
        checkpoint: when to save.
        print: when to say how training goes.
        records: when to write scalars for TensorBoard.
        viz: draws pictures for TensorBoard.
        evaluation: the evaluation at the end.
        include_eval: whether there is one.
        eval_batch_size: observations at once in validations and evaluations of methods whose scores do not depend on
            it; by default what is fastest for the device.
        labels: what the run is noted under.
        mirror: elsewhere that the numbers for TensorBoard go too (`wandb`, `trackio`, `mlflow`), for this process only.
        origin: the run whose weights it starts with, as it notes that itself.
        update: what of the model is then trained.
    """

    budget: int
    name: str | None = None
    name_include_date: bool = True
    saveroot: Path | None = None
    device: str | None = None
    threads: int | Literal["auto"] | None = None
    compile: Choice = False
    compiled: bool | None = None
    deterministic: bool = False
    time_limit: float | None = None
    precision: Precision = "float32"
    weight_average: float | None = None
    run: RunNaming | None = None
    validation: Validation | None = field(default_factory=Validation)
    checkpoint: Checkpoint | None = field(default_factory=Checkpoint)
    print: Print | None = field(default_factory=Print)
    records: Record | None = field(default_factory=Record)
    viz: Visualiser | None = None
    evaluation: FinalEvaluation | None = field(default_factory=FinalEvaluation)
    include_eval: bool = True
    eval_batch_size: int | None = None
    labels: Labels = field(default_factory=Labels)
    mirror: Mirror | None = None
    origin: Origin | None = None
    update: Update | None = None

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise UserError(f"budget: must be at least 1 step, got {self.budget}")
        check_threads(self.threads if isinstance(self.threads, int) else None)
        if self.time_limit is not None and not self.time_limit > 0:
            raise UserError(f"time_limit: must be more than 0 hours, got {self.time_limit:g}")
        if self.weight_average is not None and not 0 < self.weight_average < 1:
            raise UserError(f"weight_average: must be between 0 and 1, got {self.weight_average:g}")


def check_frequency(key: str, value: Frequency) -> None:
    """Refuse what is not a positive number of steps or null."""
    if value is not None and value < 1:
        raise UserError(f"{key}: must be at least 1, or null for never, got {value}")
