"""Evaluating a model and keeping the result: `{ident}.pth.tar` for programs, `{ident}.json` for people."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from omnilearn.data.loading import Data
from omnilearn.evaluation.evaluate import Evaluation, evaluate, evaluation_mode
from omnilearn.evaluation.measures import Measure, Measured, NotPrepared, Unavailable
from omnilearn.files import write_json
from omnilearn.model import Model
from omnilearn.precision import Precision
from omnilearn.randomness import undisturbed
from omnilearn.tensor_files import save_tensors, storable
from omnilearn.tensorboard.visualiser import Visualiser
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.versions import library_versions

_log = logging.getLogger(__name__)


def evaluate_and_store(
    model: Model,
    data: Data,
    folder: Path,
    *,
    ident: str,
    mode: str,
    step: int,
    seed: int,
    visualiser: Visualiser | None = None,
    measures: Sequence[Measure] = (),
    batch_size: int | None = None,
    step_limit: int | None = None,
    stop: Callable[[], BaseException | None] = lambda: None,
    passed: Evaluation | None = None,
    special: Mapping[str, Any] | None = None,
    known: Collection[str] = (),
    writer: TensorBoardWriter | None = None,
) -> Evaluation:
    """One pass over a subset of the data, then other measures; scores, pictures and first batch go into the run folder.

    Writes the scalars and pictures `{ident}/...` for TensorBoard, `{ident}.pth.tar` with the first batch and what the
    model made of it, and `{ident}.json` with the scores and all that made them. They are written after the pass and
    again after the measures, which may take long. Scores that are not finite are null there, and named under
    `not_finite`; the caller is to say so. A measure that lacks something is left out with a warning.

    `passed` is what the same pass gave for this model just before, where there was one: then it is not made again.
    `special` is what else made the scores, such as values that replace those of the run; it goes into the settings.
    Scores that are `known`, from the same evaluation before, have their points and pictures in TensorBoard already.
    `writer` is that of a training in this process; without one, an event file of its own is written.
    """
    subset = data.subset(mode)
    batches = data.loading.evaluation_batches(subset, seed)
    title, options = f"evaluation of {mode}", {"batch_size": batch_size, "step_limit": step_limit}
    outcome = passed or evaluate(model, subset, batches, seed, title=title, stop=stop, **options)
    settings = {**settings_of(data, seed, step_limit, special), "samples": outcome.samples}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        curves = _Curves(folder, writer, stack)
        with curves.unless(known) as place, place.all_or_none():
            place.scalars(f"{ident}/{{}}", outcome.scores, step)
            drawn = _drawn(visualiser, model, outcome, place, ident, step, seed, stop)
        files = _Files(folder / ident, outcome, drawn, {"mode": mode, "step": step, "settings": settings})
        files.write(pending=measures)
        for position, measure in enumerate(measures, 1):
            try:
                measured = _measured(measure, model, data, mode, seed, stop)
            except NotPrepared as reason:
                measured = Measured(notes=(f"not measured: {reason}",))
                missing[measure.title] = reason.command
            outcome = replace(outcome, scores={**outcome.scores, **measured.scores})
            files.add(measure, measured, outcome, pending=measures[position:])
            curves.add({f"{ident}/{name}": value for name, value in measured.scores.items() if name not in known}, step)
    tell_unprepared(missing)
    return outcome


def _drawn(
    visualiser: Visualiser | None,
    model: Model,
    outcome: Evaluation,
    place: TensorBoardWriter,
    ident: str,
    step: int,
    seed: int,
    stop: Callable[[], BaseException | None],
) -> dict[str, Any]:
    """What was drawn of a pass, by name; nothing where a score is not finite, since there is nothing to see then."""
    if visualiser is None or outcome.not_finite:
        return {}
    with evaluation_mode(model), undisturbed(seed):
        return visualiser.draw(model, outcome.first, place, f"{ident}/{{}}", step, thorough=True, stop=stop)


class _Files:
    """The two files of an evaluation, written after the pass and again after each measure.

    Args:
        path: the files without their endings.
        outcome: the pass.
        drawn: tensors that pictures were drawn from.
        made_with: what made the scores.
    """

    def __init__(self, path: Path, outcome: Evaluation, drawn: Mapping[str, Any], made_with: Mapping[str, Any]) -> None:
        self._tensors_file, self._summary_file = (path.with_name(f"{path.name}.{end}") for end in ("pth.tar", "json"))
        self._tensors = storable({"batch": outcome.first["original"], **outcome.first, **drawn})
        self._summary: dict[str, Any] = {"scores": {}, **made_with, "versions": library_versions()}
        self._update(outcome)

    def write(self, pending: Sequence[Measure]) -> None:
        """Write both files; `pending` measures are named in the summary, also where the process ends meanwhile."""
        save_tensors(self._tensors_file, self._tensors)
        self._write_summary(pending)

    def add(self, measure: Measure, measured: Measured, outcome: Evaluation, pending: Sequence[Measure]) -> None:
        """Write what a measure has found, with the outcome that has its scores."""
        self._update(outcome)
        self._summary[measure.title] = {**measured.settings, "notes": measured.notes}
        if found := {**measured.scores, **measured.tensors}:  # else the file is as it was
            self._tensors |= storable(found)
            save_tensors(self._tensors_file, self._tensors)
        self._write_summary(pending)

    def _update(self, outcome: Evaluation) -> None:
        self._summary["scores"] = outcome.scores
        if outcome.not_finite:
            self._summary["not_finite"] = outcome.not_finite

    def _write_summary(self, pending: Sequence[Measure]) -> None:
        titles = [measure.title for measure in pending]
        write_json(self._summary_file, self._summary | ({"pending": titles} if titles else {}))


def tell_unprepared(missing: Mapping[str, str]) -> None:
    """Print in one line what was not measured, by its title, and the command that prepares it; nothing for nothing."""
    if missing:
        commands = ", ".join(f"{title} ({command})" for title, command in missing.items())
        print(f"not measured until prepared once: {commands}")


def settings_of(
    data: Data, seed: int, step_limit: int | None, special: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What makes the scores of an evaluation, beside the model and the part of the data."""
    return {
        "seed": seed,
        "batch_size": data.loading.batch_size,
        "drop_last": data.loading.drop_last,
        "step_limit": step_limit,
        **(special or {}),
    }


def special_precision(precision: Precision) -> dict[str, str]:
    """What is `special` about the settings of an evaluation in a precision: nothing for float32."""
    return {} if precision == "float32" else {"precision": precision}


class _Curves:
    """Where points and pictures go: the writer of a training, or one event file of an evaluation of its own."""

    def __init__(self, folder: Path, writer: TensorBoardWriter | None, stack: ExitStack) -> None:
        self._folder, self._writer, self._stack = folder, writer, stack

    @contextmanager
    def open(self) -> Iterator[TensorBoardWriter]:
        """The writer, begun where there is none yet; what was written is on the disk at the end."""
        if self._writer is None:
            self._writer = self._stack.enter_context(TensorBoardWriter(self._folder))
        yield self._writer
        self._writer.flush()

    def add(self, points: Mapping[str, float], step: int) -> None:
        """Add single points, whose names keep their underscores."""
        if not points:
            return
        with self.open() as place:
            for name, value in points.items():
                place.scalar(name, value, step)

    @contextmanager
    def unless(self, known: Collection[str]) -> Iterator[TensorBoardWriter]:
        """The same; a writer whose file is thrown away where what is to be written is there already."""
        if not known:
            with self.open() as writer:
                yield writer
            return
        with TemporaryDirectory() as place, TensorBoardWriter(Path(place)) as writer:
            yield writer


def _measured(
    measure: Measure, model: Model, data: Data, mode: str, seed: int, stop: Callable[[], BaseException | None]
) -> Measured:
    """What a measure finds; where it lacks something, a note of that. Raises `NotPrepared`."""
    try:
        with evaluation_mode(model), torch.no_grad(), undisturbed(seed):
            measured = measure.measure(model, data, mode, seed, stop=stop)
    except NotPrepared:
        raise
    except Unavailable as reason:
        measured = Measured(notes=(f"not measured: {reason}",))
    for note in measured.notes:
        _log.warning("%s: %s", measure.title, note)
    return measured
