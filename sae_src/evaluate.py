"""`fig eval`: a trained run over a part of its data."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from omnilearn.assembly import seed_of
from omnilearn.config import Node, call, find, read_key, reject_unknown_keys, reject_unused
from omnilearn.config.nodes import says_type
from omnilearn.config.tree import given_keys, merged, nested
from omnilearn.device import check_threads, describe_device, on_threads, pick_device, to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import Evaluation, check_batch_size, check_fit
from omnilearn.evaluation.measures import Measure, added_keys, added_measures, configured_measures, measure_keys
from omnilearn.evaluation.results import evaluate_and_store, settings_of, special_precision
from omnilearn.evaluation.stored_results import stored_scores
from omnilearn.files import write_json
from omnilearn.precision import Precision, evaluation_precision, forward_context, use_precision
from omnilearn.runs.folder import save_root
from omnilearn.runs.identity import without, without_places
from omnilearn.runs.naming import check_ident
from omnilearn.training.interruption import NOT_FINITE, Stop
from omnilearn.training.settings import check_frequency
from omnilearn.versions import library_versions
from sae_src.run import FID_SKIPS, Selection, has_configs, load_run
from sae_src.run_selection import Selections, asks_for_many, for_each, print_scores
from sae_src.saved_run import SavedRun
from sae_src.shift import Part, models_of, parts_of, scores_of_parts, table_of

# Where what measures need is, beside the places of the data.
_PLACES = ("weights", "network")


@dataclass(frozen=True)
class EvalSettings:
    """What `fig eval` can be told; `fig eval -h` says what each key means."""

    ident: str | None = None
    mode: str | None = None
    shift: bool = False
    ckpt_num: int | None = None
    step_limit: int | None = None
    eval_batch_size: int | None = None
    saveroot: Path | None = None
    device: str | None = None
    threads: int | None = None
    override: Mapping[str, Any] | None = None
    skip_rec_fid: bool = False
    skip_hyb_fid: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_ident("ident", self.name)
        check_frequency("step_limit", self.step_limit)
        check_threads(self.threads)

    @property
    def name(self) -> str:
        """The name of the results: `eval` as at the end of a training, that of the part where it is another one."""
        if self.shift:
            return self.ident or "shift"
        return self.ident or ("eval" if self.part == "val" else self.part)

    @property
    def part(self) -> str:
        """The part of the data, of which `shift` looks at parts in turn."""
        return self.mode or ("full" if self.shift else "val")


def evaluate_runs(config: Node) -> Evaluation | dict[str, Evaluation]:
    """Evaluate a run or, with the key `runs`, many, as the keys of `fig eval` say.

    A run that fails does not keep the others from being evaluated. Raises `UserError` at the end where any failed,
    and `Stop` where a score is not finite.
    """
    if not asks_for_many(config):
        name = call(Selection, config).name
        outcome = evaluate_run(config, name)
        check_finite({name: outcome})
        return outcome
    selection = call(Selections, config)
    settings, _ = _told(config)
    pick_device(settings.device)  # fail once, not in every run
    names = selection.names(save_root(settings.saveroot))
    outcomes = for_each(names, lambda name: evaluate_run(config, name))
    print_scores({name: outcome.scores for name, outcome in outcomes.items()})
    check_finite(outcomes)
    return outcomes


def evaluate_run(config: Node, name: str) -> Evaluation:
    """Evaluate the run of that name as the keys of `fig eval` say, and store the result in its folder."""
    settings, passed_on = _told(config)
    with on_threads(settings.threads):
        return _evaluated(name, settings, passed_on)


def _evaluated(name: str, settings: EvalSettings, passed_on: dict[str, Any]) -> Evaluation:
    device = pick_device(settings.device)
    override = merged(nested(settings.override or {}), passed_on)
    run = load_run(name, saveroot=settings.saveroot, step=settings.ckpt_num, override=override)
    check_measures(run.config)
    data, visualiser, checkpoint = run.data, run.visualiser, run.checkpoint
    measures = configured_measures(run.config)
    if not isinstance(data.dataset.din, int):  # all of them are of images
        measures += added_measures(run.config)
    subset = data.subset(settings.part)
    parts = parts_of(run, settings.part) if settings.shift else []
    model = to_device(run.model, device)
    check_batch_size(model, "eval_batch_size", settings.eval_batch_size)
    for given, prefix in ((settings.override or {}, "override."), (passed_on, "")):
        reject_unknown_keys(run.config, [key for key in given_keys(given) if key not in FID_SKIPS], prefix)
    assert run.step is not None  # or there were no checkpoint
    seed = seed_of(run.config)
    trained_in: Precision = read_key(run.config, "precision", Precision, "float32")
    precision = evaluation_precision(trained_in, device)
    special: dict[str, Any] = {"override": kept} if (kept := _noted(override)) else {}
    special |= special_precision(precision)
    made_by = {
        "mode": f"parts of {settings.part}" if settings.shift else settings.part,
        "step": run.step,
        "settings": settings_of(data, seed, settings.step_limit, special),
    }
    known = stored_scores(run.path, settings.name, made_by, overwrite=settings.overwrite)
    data.dataset.to(device)
    subset.dataset.to(device)
    use_precision(precision, device)
    where = describe_device(device) + ("" if precision == "float32" else f" in {precision}")
    with forward_context(precision, device):
        check_fit(model, subset.batch(torch.arange(min(2, len(subset)))), model.losses, seed)
        print(f"{run.name}, {checkpoint.name}: {len(subset):,} {settings.part} on {where}", flush=True)
        if settings.shift:
            return _evaluate_parts(run, parts, device, measures, settings, made_by)
        outcome = evaluate_and_store(
            model,
            data,
            run.path,
            ident=settings.name,
            mode=settings.part,
            step=run.step,
            seed=seed,
            visualiser=visualiser,
            measures=measures,
            batch_size=settings.eval_batch_size,
            step_limit=settings.step_limit,
            special=special,
            known=known,
        )
    result = ", ".join(f"{name} {value:.6g}" for name, value in outcome.scores.items())
    print(f"{settings.part} {result}")
    print(f"written to {run.path / settings.name}.json and {settings.name}.pth.tar")
    return outcome


def _evaluate_parts(
    run: SavedRun,
    parts: Sequence[Part],
    device: torch.device,
    measures: Sequence[Measure],
    settings: EvalSettings,
    made_by: Mapping[str, Any],
) -> Evaluation:
    """Evaluate a run on parts of the data, print a table and keep it; all scores of the run as it is, `PART.SCORE`."""
    found = scores_of_parts(
        run,
        parts,
        models_of(run, device),
        measures,
        seed=made_by["settings"]["seed"],
        batch_size=settings.eval_batch_size,
        step_limit=settings.step_limit,
    )
    scores = {when: {name: each.scores for name, each in outcomes.items()} for when, outcomes in found.items()}
    after, outcomes = scores.pop("after"), found["after"]
    summary = {
        "scores": after,
        **scores,
        "parts": {part.name: {"rules": part.rules, "samples": outcomes[part.name].samples} for part in parts},
        **made_by,
        "versions": library_versions(),
    }
    write_json(run.path / f"{settings.name}.json", summary)
    print(table_of(found, parts), end="")
    print(f"written to {run.path / settings.name}.json")
    flat = {f"{part}.{name}": value for part, values in after.items() for name, value in values.items()}
    return Evaluation(flat, {}, {}, outcomes[settings.part].samples)


def check_finite(outcomes: Mapping[str, Evaluation]) -> None:
    """Say which scores of runs are not finite, and raise `Stop` where any is."""
    lost = {name: outcome.not_finite for name, outcome in outcomes.items() if outcome.not_finite}
    messages = [f"{name}: {' and '.join(scores)} not finite" for name, scores in lost.items()]
    for message in messages:
        print(message, file=sys.stderr)
    if messages:
        raise Stop(NOT_FINITE, messages[0], can_go_on=False)


def settings_and_override(config: Node) -> tuple[EvalSettings, dict[str, Any]]:
    """What `fig eval` is told, whatever the run: its settings, and what results note of values over those of the run.

    Raises `UserError` where it could not take the keys of the config.
    """
    settings, passed_on = _told(config)
    return settings, _noted(merged(nested(settings.override or {}), passed_on))


def _told(config: Node) -> tuple[EvalSettings, dict[str, Any]]:
    """The settings, and the values that go into the config of a run; `UserError` for what is neither."""
    settings = call(EvalSettings, config)
    passed_on = nested(_passed_on(config))
    if has_configs(config):
        raise UserError("eval takes the config of the run: leave out the other configs")
    reject_unused(config)
    return settings, passed_on


def _noted(override: Mapping[str, Any]) -> dict[str, Any]:
    """What results note of values over those of the run: all but places of files."""
    noted: dict[str, Any] = without(without_places(override), _PLACES)
    return noted


def check_measures(config: Node) -> None:
    """Raise `UserError` where keys were given for something that the run does not measure."""
    for key in measure_keys():
        node = find(config, key)
        if node is not None and not node.has_payload and not says_type(node):
            kind = key.replace("_", "-")
            raise UserError(f"{key}: this run measures none; --override.{key}._type {kind} switches it on")


def _passed_on(config: Node) -> dict[str, Any]:
    """The values of the command line that go into the run's config."""
    kinds: dict[str, Any] = dict.fromkeys(measure_keys(), Mapping[str, Any] | None) | dict.fromkeys(FID_SKIPS, bool)
    given = [key for key in kinds if find(config, key, inherit=False) is not None]
    values = {key: read_key(config, key, kinds[key], None) for key in given}
    for key in added_keys():  # the run's config need not name them
        if isinstance(value := values.get(key), Mapping):
            values[key] = {"_type": key.replace("_", "-"), **value}
    return values
