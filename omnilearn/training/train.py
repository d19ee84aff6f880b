"""A training run from its config: build everything, then write, then train, then evaluate."""

import shlex
import sys
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

import torch

from omnilearn.assembly import takes_dataset_size
from omnilearn.config import Node, call, dump_yaml, find, keys_given, read, reject_unused
from omnilearn.data import Data
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import not_finite
from omnilearn.evaluation.results import evaluate_and_store, special_precision
from omnilearn.model import Model
from omnilearn.runs.checkpoint import checkpoint_steps, save_checkpoint
from omnilearn.runs.folder import CONFIG, INFO, new_run, removed_on_failure, save_root
from omnilearn.runs.identity import fingerprint, stored_form
from omnilearn.runs.info import add_info, complete_info, run_info
from omnilearn.runs.naming import PlainNaming
from omnilearn.system import freed_memory_kept
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.training.components import Components, assemble, try_out, tune
from omnilearn.training.console import Console, evaluation_command, print_header, print_summary, program, run_reference
from omnilearn.training.dashboard import write_dashboard
from omnilearn.training.hooks import LogScalars, Save, Validate, Visualise
from omnilearn.training.interruption import NOT_FINITE, Interruption, Stop
from omnilearn.training.loop import Hook, Training, train_steps
from omnilearn.training.settings import FinalEvaluation, TrainSettings


def train(config: Node, weights: Mapping[str, Any] | None = None) -> Path:
    """Train a model as a config says; returns the folder of the run.

    Nothing is written before the whole configuration is known to be good.

    Args:
        config: the config.
        weights: what the model starts with, where the config notes their `origin`; from scratch by default.
    """
    if weights is None and find(config, "origin") is not None:
        raise UserError("origin: a run notes that itself: --from RUN starts one with the weights of another")
    settings = call(TrainSettings, config)
    for key in keys_given(config):
        if key == "compiled":
            raise UserError("--compiled: a run notes that itself: --compile yes, no or auto")
        if key in ("din", "dout"):
            raise UserError(f"--{key}: the size of the observations is that of the data, and cannot be set")
        if key == "dataset_size":
            raise UserError("--dataset-size: it is that of the data; for another one of a method: --model.dataset-size")
    if settings.update is not None and weights is None:
        raise UserError("--update: goes with --from RUN, with whose weights it leaves the other part")
    components = assemble(config, settings)
    reject_unused(config)
    if settings.origin is not None and weights is not None:
        start_with(components.model, weights, settings.origin.run)
    losses = try_out(components)
    components = tune(components, settings)
    if settings.origin is not None:
        print(f"starting with the weights of {settings.origin.run} after {settings.origin.step:,} steps")
    naming = settings.run or PlainNaming()
    kinds = {"dataset": _type_of(config, "dataset"), "method": _type_of(config, "model")}
    model_name = naming.model_name(components.model, method=kinds["method"])
    info = {**run_info(components.device, components.seed), "model": model_name, **settings.labels.entries()}
    info |= speed_info(components)
    if settings.origin is not None:
        info["origin"] = {**settings.origin.entries(), "update": settings.update}

    def prepare(folder: Path) -> None:
        if weights is not None:
            save_first(folder, config, components, settings)

    stored = stored_config(config, components)
    files = {CONFIG: dump_yaml(stored), INFO: dump_yaml(info)}
    name, date = name_of(config, settings, components), settings.name_include_date
    with new_run(save_root(settings.saveroot), name, files, date=date, prepare=prepare) as folder, ExitStack() as stack:
        with removed_on_failure(folder):
            writer = stack.enter_context(TensorBoardWriter(folder, settings.mirror))
            training = begin(config, components, settings, folder, writer)
            write_dashboard(writer, config, settings, components, kinds=kinds, info=info, stored=stored, losses=losses)
            writer.flush()
        run_to_end(training, settings)
    return folder


def start_with(model: Model, weights: Mapping[str, Any], name: str) -> None:
    """Give a model the weights of the run of that name; `UserError` where they do not fit."""
    try:
        model.load_state_dict(weights)
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        others = f" (and {len(lines) - 2} more)" if len(lines) > 2 else ""
        raise UserError(
            f"from: the weights of {name} do not fit this model, whose architecture, method and sizes must be those of "
            f"that run: {shorten(' '.join(lines[1:2]), 160, placeholder=' ...')}{others}"
        ) from None


def save_first(folder: Path, config: Node, components: Components, settings: TrainSettings) -> None:
    """Save the weights that a run starts with as its checkpoint 0, since those of the other run may change or go."""
    state = {"step": 0, "model": components.model.state_dict(), "model_str": str(components.model)}
    with TemporaryDirectory() as elsewhere, TensorBoardWriter(Path(elsewhere)) as writer:
        save_checkpoint(folder, 0, state, begin(config, components, settings, folder, writer).state_dict())


def begin(
    config: Node, components: Components, settings: TrainSettings, folder: Path, writer: TensorBoardWriter
) -> Training:
    """A run before its first step."""
    return Training(
        components,
        folder,
        writer,
        budget=settings.budget,
        precision=settings.precision,
        weight_average=settings.weight_average,
        experiment=fingerprint(stored_config(config, components)),
    )


def run_to_end(training: Training, settings: TrainSettings) -> None:
    """Train until the budget is used up, evaluate, and say what came out.

    Raises `Stop`, with the exit code of the process, where something ends the training before that.
    """
    data, progress = training.components.data, training.progress
    print_header(training)
    console = Console(None if settings.print is None else settings.print.freq, training)
    hooks: list[Hook] = [LogScalars(None if settings.records is None else settings.records.freq)]
    if settings.viz is not None:
        hooks.append(Visualise(settings.viz))
    validate: Validate | None = None
    if settings.validation is not None and data.has_subset(settings.validation.mode):
        validate = Validate(settings.validation, data, settings.viz, settings.eval_batch_size)
        hooks.append(validate)
    save = Save(settings.checkpoint)
    hooks += [save, console]
    try:
        with Interruption(settings.time_limit) as training.interruption:
            with freed_memory_kept() if training.components.device.type == "cpu" else nullcontext():
                train_steps(training, hooks)
            console.close(training)  # before the evaluation prints
            scores = progress.scores
            evaluation = settings.evaluation if settings.include_eval else None
            if (wanted := evaluation_of(settings, data)) is not None:
                scores = evaluate_at_end(training, settings, wanted, validate, save)
            ident = None if evaluation is None else evaluation.ident
            complete_info(training.folder, progress.step, training.stopwatch.seconds, ident, best=progress.best)
    except Stop as stop:
        if stop.code == NOT_FINITE:
            add_info(training.folder, failed=stop.message)
        if stop.code != NOT_FINITE and is_trained(training) and (evaluation := evaluation_of(settings, data)):
            complete_info(training.folder, progress.step, training.stopwatch.seconds, None, best=progress.best)
            advice = f"the training is complete; to evaluate it: {evaluation_command(training.folder, evaluation)}"
        elif stop.can_go_on:
            advice = f"to go on: {program()} train --resume {shlex.quote(run_reference(training.folder))}"
        else:
            advice = "resuming would come to the same step: start another run, such as with a smaller --model.optim.lr"
        print(f"{stop.message}\n{advice}", file=sys.stderr)
        raise
    finally:
        console.close(training)
    print_summary(training, scores)
    if names := not_finite(scores):
        print(f"{' and '.join(names)} not finite at the end, after step {progress.step}", file=sys.stderr)
        raise Stop(NOT_FINITE, "not finite at the end", can_go_on=False)


def speed_info(components: Components) -> dict[str, str]:
    """What `info.yaml` says about how threads and compiling were chosen, where they were."""
    compilation = components.compilation
    chosen = {"threads_chosen": components.threads, "compilation": compilation.described if compilation.reason else ""}
    return {name: words for name, words in chosen.items() if words}


def is_trained(training: Training) -> bool:
    """Whether all steps are done and saved."""
    step = training.progress.step
    return step == training.budget and step in checkpoint_steps(training.folder)


def evaluation_of(settings: TrainSettings, data: Data) -> FinalEvaluation | None:
    """The evaluation at the end, where one is wanted of a part that there is."""
    evaluation = settings.evaluation if settings.include_eval else None
    return evaluation if evaluation is not None and data.has_subset(evaluation.mode) else None


def evaluate_at_end(
    training: Training, settings: TrainSettings, evaluation: FinalEvaluation, validate: Validate | None, save: Save
) -> dict[str, float]:
    """The evaluation after the last step, from the pass of its validation where that is the same; its scores.

    Where it is stopped, a step that is not saved by then is saved with `save`, also where no checkpoints are asked for.
    """
    mode, step, limit = evaluation.mode, training.progress.step, evaluation.step_limit
    try:
        with training.autocast(), training.averaged():
            outcome = evaluate_and_store(
                training.components.model,
                training.components.data,
                training.folder,
                ident=evaluation.ident,
                mode=mode,
                step=step,
                seed=training.components.seed,
                visualiser=settings.viz,
                measures=training.components.measures,
                batch_size=settings.eval_batch_size,
                step_limit=limit,
                stop=training.interruption.reason,
                passed=None if validate is None else validate.passed_at(step, mode, limit),
                special=special_precision(training.precision),
                writer=training.writer,
            )
    except Stop as stop:
        if stop.code != NOT_FINITE and not is_trained(training):
            save.run(training, {})
        raise
    return outcome.scores


def name_of(config: Node, settings: TrainSettings, components: Components) -> str:
    """The name of a new run, without the date."""
    naming = settings.run or PlainNaming()
    kinds = {"dataset": _type_of(config, "dataset"), "method": _type_of(config, "model")}
    seed = f"_seed{components.seed}" if components.seed else ""
    updated = "" if settings.update is None else f"_update-{settings.update}"
    return settings.name or naming.base_name(components.model, **kinds) + updated + seed


def stored_config(config: Node, components: Components) -> dict[str, Any]:
    """The config as a run keeps it, with what was chosen automatically."""
    din = components.data.dataset.din
    size = din if isinstance(din, int) else list(din)
    chosen = {"din": size, "dout": size, "device": str(components.device), "threads": torch.get_num_threads()}
    if takes_dataset_size(config):
        chosen["dataset_size"] = len(components.train_subset)
    if components.compilation.reason:
        chosen["compiled"] = components.compilation.compiled
    return {**stored_form(config.root.to_python()), **chosen}


def _type_of(config: Node, name: str) -> str:
    node = find(config, name)
    kind = None if node is None else find(node, "_type", inherit=False)
    return "unknown" if kind is None else read(kind, str)
