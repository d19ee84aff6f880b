"""A training run from its config: build everything, then write, then train, then evaluate."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from omnilearn.assembly import build_data, build_model, build_optimiser, seed_of
from omnilearn.config import Node, call, dump_yaml, find, read, reject_unknown_keys
from omnilearn.data import BatchSampler
from omnilearn.data.loading import Data
from omnilearn.device import describe_device, pick_device, to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import evaluation_mode
from omnilearn.evaluation.measures import Measure, configured_measures
from omnilearn.evaluation.results import evaluate_and_store
from omnilearn.files import write_text
from omnilearn.locks import sole_writer
from omnilearn.optim.optimisers import Optimiser
from omnilearn.randomness import undisturbed
from omnilearn.runs.folder import CONFIG, INFO, new_run_folder, save_root
from omnilearn.runs.identity import fingerprint, lasting
from omnilearn.runs.info import complete_info, run_info
from omnilearn.runs.naming import PlainNaming, RunNaming
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.hooks import Console, LogScalars, Save, Validate, Visualise
from omnilearn.training.interruption import Interruption, Stop
from omnilearn.training.loop import Hook, Training, train_steps
from omnilearn.training.settings import Checkpoint, FinalEvaluation, Print, Record, Validation

MOST_THREADS = 1024


@dataclass(frozen=True)
class TrainSettings:
    """What `fig train` can be told beside the model and the data; `fig train -h` says what each key means."""

    budget: int
    name: str | None = None
    name_include_date: bool = True
    saveroot: Path | None = None
    device: str | None = None
    threads: int | None = None
    deterministic: bool = False
    time_limit: float | None = None
    precision: Literal["float32", "bf16"] = "float32"
    run: RunNaming | None = None
    validation: Validation | None = field(default_factory=Validation)
    checkpoint: Checkpoint | None = field(default_factory=Checkpoint)
    print: Print | None = field(default_factory=Print)
    records: Record | None = field(default_factory=Record)
    viz: Visualiser | None = None
    evaluation: FinalEvaluation | None = field(default_factory=FinalEvaluation)
    include_eval: bool = True

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise UserError(f"budget: must be at least 1 step, got {self.budget}")
        if self.threads is not None and not 1 <= self.threads <= MOST_THREADS:
            raise UserError(f"threads: must be from 1 to {MOST_THREADS}, got {self.threads}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise UserError(f"time_limit: must be more than 0 hours, got {self.time_limit:g}")


def train(config: Node) -> Path:
    """Train a model from scratch as a config says; returns the folder of the run.

    Nothing is written before the whole configuration is known to be good.
    """
    settings = call(TrainSettings, config)
    for key in config.reporter.given:
        if key in ("din", "dout"):
            raise UserError(f"--{key}: the size of the observations is that of the data, and cannot be set")
    parts = assemble(config, settings)
    reject_unknown_keys(config)
    try_out(parts)
    folder = make_folder(config, settings, parts)
    write_text(folder / INFO, dump_yaml(run_info(parts.device, parts.seed)))
    with sole_writer(folder), TensorBoardWriter(folder) as records:
        training = begin(config, parts, settings, folder, records)
        records.at(0, "{}").text("model-str", str(parts.model))
        records.text("model-optim-str", str(parts.optimiser.torch_optimiser))
        run_to_end(training, settings, parts)
    return folder


@dataclass(frozen=True)
class Components:
    """What a run is made of, on its device."""

    data: Data
    model: nn.Module
    optimiser: Optimiser
    order: BatchSampler
    measures: list[Measure]
    device: torch.device
    seed: int


def assemble(config: Node, settings: TrainSettings) -> Components:
    """Build everything that a config names; nothing is written."""
    device = pick_device(settings.device)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    else:
        torch.backends.cudnn.benchmark = device.type == "cuda"
    data = build_data(config)
    if settings.threads is None and device.type == "cpu" and isinstance(data.dataset.din, int):
        torch.set_num_threads(1)  # layers of vectors are too small to be shared: more threads only wait for each other
    model = to_device(build_model(config, data.dataset.din), device)
    data.dataset.to(device)
    seed = seed_of(config)
    order = data.loading.training_order(data.subset("train"), seed)
    for section in (settings.validation, settings.evaluation):
        if section is not None and section.mode != "val":  # without such a part, `val` means no validation
            data.subset(section.mode)
    return Components(data, model, build_optimiser(config, model), order, configured_measures(config), device, seed)


def try_out(parts: Components) -> None:
    """Run two observations through the model, so that what does not fit is known before anything is written.

    Raises `UserError` where the model cannot take them. No random number that training uses is spent.
    """
    subset = parts.data.subset("train")
    try:
        with evaluation_mode(parts.model), undisturbed(parts.seed), torch.no_grad():
            parts.model.losses(subset.batch(torch.arange(min(2, len(subset)))))
    except (RuntimeError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"the model and its criterion do not fit the data: {reason}") from error


def begin(
    config: Node, parts: Components, settings: TrainSettings, folder: Path, records: TensorBoardWriter
) -> Training:
    """A run before its first step."""
    return Training(
        model=parts.model,
        optimiser=parts.optimiser,
        subset=parts.data.subset("train"),
        order=parts.order,
        folder=folder,
        records=records,
        budget=settings.budget,
        seed=parts.seed,
        device=parts.device,
        bf16=settings.precision == "bf16",
        experiment=fingerprint(stored_config(config, parts)),
    )


def run_to_end(training: Training, settings: TrainSettings, parts: Components) -> None:
    """Train until the budget is used up, evaluate, and say what came out.

    Raises `Stop`, with the exit code of the process, where something ends the training before that.
    """
    data = parts.data
    print_header(training, data)
    console = Console(settings.print and settings.print.freq, training)
    events: list[Hook] = [LogScalars(settings.records and settings.records.freq)]
    if settings.viz is not None:
        events.append(Visualise(settings.viz))
    if settings.validation is not None and data.has_subset(settings.validation.mode):
        events.append(Validate(settings.validation, data, settings.viz))
    events += [Save(settings.checkpoint), console]
    try:
        with Interruption(settings.time_limit) as training.interruption:
            train_steps(training, events)
            console.close(training)  # before the evaluation speaks
            scores = training.scores
            evaluation = settings.evaluation if settings.include_eval else None
            if evaluation is not None and data.has_subset(evaluation.mode):
                scores = evaluate_at_end(training, settings, evaluation, parts)
            complete_info(training.folder, training.step, training.seconds, evaluation and evaluation.ident)
    except Stop as stop:
        print(f"{stop.message}\nto go on: {program()} train --resume {run_reference(training.folder)}", file=sys.stderr)
        raise
    finally:
        console.close(training)
    print_summary(training, scores)


def evaluate_at_end(
    training: Training, settings: TrainSettings, evaluation: FinalEvaluation, parts: Components
) -> dict[str, float]:
    """The evaluation after the last step; returns its scores."""
    outcome = evaluate_and_store(
        training.model,
        parts.data,
        training.folder,
        ident=evaluation.ident,
        mode=evaluation.mode,
        step=training.step,
        seed=training.seed,
        visualiser=settings.viz,
        measures=parts.measures,
        step_limit=evaluation.step_limit,
        stop=training.interruption.reason,
    )
    return outcome.scores


def make_folder(config: Node, settings: TrainSettings, parts: Components) -> Path:
    """The folder of a new run, with the config that rebuilds it."""
    naming = settings.run or PlainNaming()
    kinds = {"dataset": _type_of(config, "dataset"), "method": _type_of(config, "model")}
    name = settings.name or naming.base_name(parts.model, **kinds)
    folder = new_run_folder(save_root(settings.saveroot), name, date=settings.name_include_date)
    write_text(folder / CONFIG, dump_yaml(stored_config(config, parts)))
    return folder


def stored_config(config: Node, parts: Components) -> dict[str, Any]:
    """The config as a run keeps it, with what was chosen automatically."""
    size = parts.data.dataset.din
    size = size if isinstance(size, int) else list(size)
    chosen = {"din": size, "dout": size, "device": str(parts.device), "threads": torch.get_num_threads()}
    return {**lasting(config.root.to_python()), **chosen}


def print_header(training: Training, data: Data) -> None:
    """What is trained on what, and where it goes."""
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    parts = ", ".join(f"{len(subset):,} {name}" for name, subset in data.subsets.items())
    print(f"{training.folder.name}: {parameters:,} parameters on {describe_device(training.device)}, {parts}")
    print(f"writing to {training.folder}", flush=True)


def print_summary(training: Training, scores: dict[str, float]) -> None:
    """What came out, and what to do next."""
    steps = f"{training.step:,} steps in {training.seconds:.0f} s"
    result = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
    print(f"Completed {training.folder.name}: {steps}" + (f"; validation {result}" if result else ""))
    print("Next:")
    print(f"  tensorboard --logdir {training.folder.parent}")
    print(f"  {program()} eval --load {run_reference(training.folder)} --mode test --ident test_results")


def program() -> str:
    """How this program was called."""
    return f"python {sys.argv[0]}" if sys.argv[0].endswith(".py") else "fig"


def run_reference(folder: Path) -> str:
    """What to write after --load for the run in a folder."""
    return folder.name if folder.parent == save_root() else str(folder)


def _type_of(config: Node, name: str) -> str:
    node = find(config, name)
    kind = None if node is None else find(node, "_type", inherit=False)
    return "unknown" if kind is None else read(kind, str)
