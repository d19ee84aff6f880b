"""`fig eval --shift yes`: a run over all data, over what was held out and over the rest, before and after its training.

Before is the checkpoint 0 of a run that started with the weights of another.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from omnilearn.config import read_key
from omnilearn.data.holdout import HELD_OUT, REST, Holdout
from omnilearn.data.loading import Data
from omnilearn.device import to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import Evaluation, evaluate, evaluation_mode
from omnilearn.evaluation.measures import Measure, NotPrepared, Unavailable
from omnilearn.evaluation.results import tell_unprepared
from omnilearn.layers.criteria import Criterion
from omnilearn.model import Model
from omnilearn.randomness import undisturbed
from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.runs.origin import Origin
from omnilearn.text_table import render
from sae_src.methods import Autoencoder, as_autoencoder
from sae_src.run import load_run
from sae_src.saved_run import SavedRun

_log = logging.getLogger(__name__)
_QUANTILE = 0.9


class WithErrors(Model):
    """A model whose losses also hold `mse`, the mean over values and observations of the squared errors.

    Attributes:
        errors: those of each observation so far, means over its values (n,), a tensor for each batch.
    """

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model, self.errors = model, list[Tensor]()

    @property
    def is_evaluated_singly(self) -> bool:
        """As the model itself."""
        return self.model.is_evaluated_singly

    def losses(self, observations: Tensor) -> dict[str, Any]:
        """Those of the model, and `mse`."""
        result = self.model.losses(observations)
        output, target, criterion = result["reconstruction"], result["original"], self.model.criterion
        assert isinstance(output, Tensor) and isinstance(target, Tensor)
        if isinstance(criterion, Criterion) and criterion.ident == "bce-log":  # which takes logits
            output = output.sigmoid()
        self.errors.append((output.float() - target).square().flatten(1).mean(1))
        return {**result, "mse": self.errors[-1].mean()}


@dataclass(frozen=True)
class Part:
    """A part of the data to evaluate on.

    Attributes:
        name: what its scores are called.
        data: the data, with what is held out.
        mode: the part of them.
        rules: what is held out, as the config has it; None for the whole.
    """

    name: str
    data: Data
    mode: str
    rules: Any = None


def parts_of(run: SavedRun, whole: str) -> list[Part]:
    """The whole, then what is held out and the rest: by the rules of the run, then by those of the runs it comes from.

    Raises `UserError` where nothing is held out or correlated, and the run does not come from another one.
    """
    data = run.data
    prefix = "" if whole == "full" else f"{whole}-"
    origin = origin_noted(run)
    own, earlier = data.loading.holdout, () if origin is None else origin.holdouts
    if own is None and data.loading.correlate is None and origin is None:
        raise UserError("shift: this run holds nothing out, correlates nothing, and does not come from another one")
    parts = [Part(whole, data, whole)]
    rules = [own] if own is not None else []
    rules += [each for each in earlier if each not in rules]
    for number, each in enumerate(rules, 1):
        cut = data if each is own else replace(data, holdout=Holdout(each, data.dataset))
        suffix = "" if number == 1 else f"-{number}"
        parts += [Part(f"{prefix}{part}{suffix}", cut, f"{prefix}{part}", each) for part in (HELD_OUT, REST)]
    for part in parts:
        part.data.subset(part.mode)  # where there is none, it is told before anything is evaluated
    return parts


def origin_noted(run: SavedRun) -> Origin | None:
    """The run whose weights this one started with, if any."""
    noted: Origin | None = read_key(run.config, "origin", Origin | None, None)
    return noted


def models_of(run: SavedRun, device: torch.device) -> dict[str, Autoencoder]:
    """The model as the run found it (`before`), where it started with another's weights, and as it is (`after`)."""
    models = {"after": as_autoencoder(to_device(run.model, device))}
    if origin_noted(run) is None or run.step == 0:
        return models
    if 0 not in checkpoint_steps(run.path):
        _log.warning("shift: %s has no checkpoint 0: no scores from before its training", run.name)
        return models
    before = load_run(run.path, step=0, override=run.override).model
    return {"before": as_autoencoder(to_device(before, device)), **models}


def scores_of_parts(
    run: SavedRun,
    parts: Sequence[Part],
    models: Mapping[str, Autoencoder],
    measures: Sequence[Measure],
    *,
    seed: int,
    batch_size: int | None = None,
    step_limit: int | None = None,
) -> dict[str, dict[str, Evaluation]]:
    """The losses, `mse`, its 90 % quantile over observations `mse_q90`, and other measures, by `after` and part.

    What cannot be measured is told once, not for each part.
    """
    found: dict[str, dict[str, Evaluation]] = {}
    told: set[str] = set()
    missing: dict[str, str] = {}
    for when, model in models.items():
        found[when] = {}
        for part in parts:
            subset = part.data.subset(part.mode)
            watched = WithErrors(model)
            outcome = evaluate(
                watched,
                subset,
                part.data.loading.evaluation_batches(subset, seed),
                seed,
                title=f"{part.name} {when}" if len(models) > 1 else part.name,
                batch_size=batch_size,
                step_limit=step_limit,
            )
            quantile = {"mse_q90": torch.cat(watched.errors).double().quantile(_QUANTILE).item()}
            scores = {**outcome.scores, **quantile}
            for measure in measures:
                with evaluation_mode(model), torch.no_grad(), undisturbed(seed):
                    scores |= _measured(measure, model, part, seed, told, missing)
            found[when][part.name] = replace(outcome, scores=scores, first={}, last={})
    tell_unprepared(missing)
    return found


def rows_of(found: Mapping[str, Mapping[str, Evaluation]], parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
    """The rows of a table: the scores of each part, before and after."""
    for part in parts:
        for when, outcomes in found.items():
            outcome = outcomes[part.name]
            row: dict[str, Any] = {"part": part.name}
            if len(found) > 1:
                row["weights"] = when
            yield {**row, "observations": outcome.samples, **{k: _number(v) for k, v in outcome.scores.items()}}


def table_of(found: Mapping[str, Mapping[str, Evaluation]], parts: Sequence[Part]) -> str:
    """The scores of all parts as a table, and what is held out below it."""
    rows = list(rows_of(found, parts))
    table = render(rows, list(dict.fromkeys(name for row in rows for name in row)))
    held_out = (part for part in parts if part.mode.endswith(HELD_OUT))
    return table + "".join(f"{part.name}: {json.dumps(part.rules)}\n" for part in held_out)


def _number(value: float) -> float:
    return float(f"{value:.4g}")


def _measured(
    measure: Measure, model: Model, part: Part, seed: int, told: set[str], missing: dict[str, str]
) -> dict[str, float]:
    """The scores of a measure; none where it lacks something.

    The first thing to say about a measure is logged, and its title put among those `told`; a command that would
    prepare it is put under its title into `missing`.
    """
    try:
        measured = measure.measure(model, part.data, part.mode, seed, stop=lambda: None)
    except NotPrepared as reason:
        missing[measure.title] = reason.command
        return {}
    except Unavailable as reason:
        note, scores = f"not measured: {reason}", dict[str, float]()
    else:
        note, scores = next(iter(measured.notes), ""), measured.scores
    if note and measure.title not in told:
        _log.warning("%s: %s", measure.title, note)
        told.add(measure.title)
    return scores
