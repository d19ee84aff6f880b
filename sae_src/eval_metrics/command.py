"""`fig eval-metrics` and `fig eval-multiple-metrics`: metrics of trained runs."""

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from omnilearn.config import Builder, Node, call, find, read, read_key, reject_unknown_keys, reject_unused
from omnilearn.config.components import component_of
from omnilearn.config.signatures import parameters
from omnilearn.config.tree import given_keys
from omnilearn.data import Dataset
from omnilearn.data.holdout import part_by_rules
from omnilearn.data.part import PartOfDataset
from omnilearn.device import check_threads, describe_device, on_threads, pick_device, to_device
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import check_fit
from omnilearn.files import read_json_table
from omnilearn.runs.folder import find_run, save_root
from omnilearn.runs.naming import check_ident
from omnilearn.runs.run import Run
from omnilearn.runs.summary import summarise
from omnilearn.tensorboard.writer import TensorBoardWriter
from omnilearn.versions import library_versions
from sae_src.eval_metrics.bootstrap import LEVEL, check_resamples
from sae_src.eval_metrics.chance import chance_level, chance_place
from sae_src.eval_metrics.existing import has_results, is_done, metrics_lacking, step_of
from sae_src.eval_metrics.figures import draw_figures
from sae_src.eval_metrics.mode import check_mode, part_named
from sae_src.eval_metrics.outcome import Outcome
from sae_src.eval_metrics.printing import print_outcome
from sae_src.eval_metrics.results import log_figures, log_scores, save_figures, write_results
from sae_src.eval_metrics.settings import MetricSettings, read_settings
from sae_src.eval_metrics.suite import evaluate_metrics
from sae_src.methods import as_autoencoder, mean_of
from sae_src.run import Selection, load_run
from sae_src.run_selection import Selections, asks_for_many, for_each, print_scores

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EvaluationSettings:
    """What is evaluated, and what becomes of the metrics; `fig eval-metrics -h` says what each key means."""

    dataset: Builder[Dataset] | None = None
    saveroot: Path | None = None
    ckpt_num: int | None = None
    device: str | None = None
    threads: int | None = None
    override: Mapping[str, Any] | None = None
    save_ident: str | None = "metrics"
    mode: str | None = None
    force_save: bool = False
    force_run: bool | None = None
    log_stats: bool = True
    figure_dir: Path | None = None
    titles: bool = False
    chance: bool = True
    bootstrap: int = 0

    def __post_init__(self) -> None:
        if self.part is not None and self.save_ident == "metrics":  # that is the name of the metrics of everything
            object.__setattr__(self, "save_ident", f"metrics_{self.part}")
        for key, name in (("save_ident", self.save_ident), ("mode", self.mode)):
            if name is not None:
                check_ident(key, name)
        if self.mode is not None:
            check_mode(self.mode)
        check_resamples(self.bootstrap)
        check_threads(self.threads)

    @property
    def tag(self) -> str:
        """What tags in TensorBoard start with."""
        return self.mode or self.save_ident or "eval"

    @property
    def part(self) -> str | None:
        """The part of the data that the mode names: `heldout` or `rest` by `dataset.holdout`; None for all of it."""
        return part_named(self.mode)

    @property
    def must_run(self) -> bool:
        """Whether metrics are computed although they are there already, or will not be kept."""
        return self.force_save if self.force_run is None else self.force_run


def eval_metrics(config: Node) -> Outcome | dict[str, Outcome | None] | None:
    """Compute the metrics of one run, as the keys of `fig eval-metrics` say; None where they are there already.

    With the key `runs` it is `eval_multiple_metrics`.
    """
    if asks_for_many(config):
        return eval_multiple_metrics(config)
    selection, evaluation, settings = call(Selection, config), call(EvaluationSettings, config), read_settings(config)
    reject_unused(config)
    with on_threads(evaluation.threads):
        return metrics_of_run(selection.name, config, evaluation, settings)


def eval_multiple_metrics(config: Node) -> dict[str, Outcome | None]:
    """Compute the metrics of many runs, as the keys of `fig eval-multiple-metrics` say.

    A run that fails does not keep the others from being evaluated. Raises `UserError` at the end where any failed.
    """
    selection, evaluation, settings = call(Selections, config), call(EvaluationSettings, config), read_settings(config)
    reject_unused(config)
    pick_device(evaluation.device)  # fail once, not in every run
    names = selection.names(save_root(evaluation.saveroot))
    with on_threads(evaluation.threads):
        outcomes = for_each(names, lambda name: metrics_of_run(name, config, evaluation, settings))
    root = save_root(evaluation.saveroot)
    ident = evaluation.save_ident
    print_scores(
        {_titled(name, each, root, ident): _main_scores(name, each, root, ident) for name, each in outcomes.items()}
    )
    return outcomes


def _titled(name: str, outcome: Outcome | None, root: Path, ident: str | None) -> str:
    """The name of a run, with the step of scores that were there already where it has come to another one."""
    if outcome is not None or ident is None:
        return name
    run = find_run(name, root)
    step = step_of(run, ident)
    return name if step in (None, summarise(run).step) else f"{name} (step {step})"


def _main_scores(name: str, outcome: Outcome | None, root: Path, ident: str | None) -> dict[str, Any]:
    """One score of each metric of a run, the disentanglement where there is one; those that were there already too."""
    scores: Any = None if outcome is None else outcome.scores
    if scores is None and ident is not None:
        scores = read_json_table(find_run(name, root) / f"{ident}.json").get("scores")
    found = {}
    for title, values in scores.items() if isinstance(scores, dict) else ():
        main = "disentanglement" if "disentanglement" in values else next(iter(values))
        if values[main] is not None and not math.isnan(values[main]):  # why it is not defined, the run's lines say
            found[f"{title}.{main}"] = values[main]
    return found


def metrics_of_run(name: str, config: Node, evaluation: EvaluationSettings, settings: MetricSettings) -> Outcome | None:
    """Compute, print and keep the metrics of one run; None where there is nothing to do.

    Args:
        name: the name of a run, or a path.
        config: the config of the evaluation, whose `dataset` is the data to use; without it those of the run.
        evaluation: what they are computed on, and what becomes of them.
        settings: how they are computed.
    """
    run = load_run(name, saveroot=evaluation.saveroot, step=evaluation.ckpt_num, override=evaluation.override)
    done = evaluation.save_ident is not None and is_done(run.path, evaluation.save_ident, settings)
    if not evaluation.must_run and (done or evaluation.save_ident is None):
        reason = f"{evaluation.save_ident}.pth.tar is there already" if done else "without save-ident nothing is kept"
        if done and evaluation.save_ident is not None:
            step = step_of(run.path, evaluation.save_ident)
            reason += f", of step {step} and not of {run.step}" if step not in (None, run.step) else ""
            lacking = metrics_lacking(run.path, evaluation.save_ident, settings)
            reason += f" without {', '.join(lacking)}; --save-ident NAME puts that beside it" if lacking else ""
        more = parts_lacking(run.path, evaluation) if done else []
        add = f", and adds {' and '.join(more)}" if more else ""
        print(f"{run.name}: skipped, {reason} (--force-save yes computes it again{add})")
        return None
    device = pick_device(evaluation.device)
    model = to_device(as_autoencoder(run.model), device)
    dataset = metric_dataset(config, run, evaluation.dataset).in_mode("full").to(device)
    if evaluation.part is not None:
        rules = run.data.loading.holdout
        if rules is None:
            raise UserError(f"mode: '{evaluation.part}' is what dataset.holdout makes: {run.name} holds nothing out")
        dataset = part_by_rules(rules, dataset, evaluation.part)
    reject_unknown_keys(run.config, given_keys(run.override), "override.")
    if dataset.din == model.din:  # else there is a line of its own
        observations = dataset.batch(torch.arange(min(2, len(dataset))))
        check_fit(model, observations, lambda some: model.decode(mean_of(model.encode(some))), settings.seed)
    print(f"{run.name}, {run.checkpoint.name}: {len(dataset):,} observations on {describe_device(device)}", flush=True)
    outcome = evaluate_metrics(model, dataset, settings, bootstrap=evaluation.bootstrap)
    summary = _made_with(outcome, run, dataset, evaluation, settings)
    if evaluation.chance:
        data = summarise(run.path).data
        place = chance_place(data, summary, model.latent_dim)
        outcome.chance = summary["chance"] = chance_level(place, data, dataset, settings, model.latent_dim)
    print_outcome(outcome)
    # Without force-save, force-run leaves all that is there as it is, also what a quick look has left.
    is_there = evaluation.save_ident is not None and has_results(run.path, evaluation.save_ident)
    may_replace = evaluation.force_save or not (done or (evaluation.force_run and is_there))
    keep(outcome, run, dataset, evaluation, summary, may_replace=may_replace)
    return outcome


def parts_lacking(run: Path, evaluation: EvaluationSettings) -> list[str]:
    """The keys of what is wanted beside the scores, and is not in the results that a run has."""
    summary = run / f"{evaluation.save_ident}.json"
    content = read_json_table(summary) if os.path.lexists(summary) else {}
    return [key for key in ("chance", "bootstrap") if getattr(evaluation, key) and key not in content]


def metric_dataset(config: Node, run: Run, dataset: Builder[Dataset] | None) -> Dataset:
    """The dataset that an evaluation config names, else that of the run.

    What the config leaves open, such as the category of MPI3D, is as in the run, where that has the same dataset; that
    it has another is told.
    """
    if dataset is None:
        return run.data.dataset
    node, own = find(config, "dataset"), find(run.config, "dataset")
    given: dict[str, Any] = {}
    if node is None or own is None:
        return dataset()
    component = component_of(node)
    if component is not None and component is component_of(own):
        for name, parameter in parameters(component).items():
            found = find(own, name)
            if find(node, name) is None and found is not None:
                given[name] = read(found, parameter.annotation)
    else:
        theirs, ours = (read_key(some, "_type", str, "other data") for some in (own, node))
        _log.warning(
            "%s has seen %s, and its metrics are of %s: leave out what names that, such as a config of eval/, for "
            "metrics of its own data",
            run.name,
            theirs,
            ours,
        )
    return dataset(**given)


def keep(
    outcome: Outcome,
    run: Run,
    dataset: Dataset,
    evaluation: EvaluationSettings,
    summary: Mapping[str, Any],
    *,
    may_replace: bool,
) -> None:
    """Write figures, curves and files of a run's metrics; only what is wanted elsewhere where they are there.

    `summary` is what made them, for the readable file.
    """
    assert run.step is not None  # or there were no model
    figures = draw_figures(outcome, dataset, titles=evaluation.titles)
    folder, prefix = evaluation.figure_dir, run.name
    if folder is None and evaluation.save_ident is not None and may_replace:
        folder, prefix = run.path / "figures", evaluation.save_ident
    if folder is not None:
        save_figures(folder, prefix, figures, follow_links=folder == evaluation.figure_dir)
        print(f"{len(figures)} figures in {folder}")
    if evaluation.log_stats and may_replace:
        with TensorBoardWriter(run.path) as writer:
            log_scores(writer, outcome, evaluation.tag, run.step)
            log_figures(writer, figures, evaluation.tag, run.step)
    if evaluation.save_ident is None:
        return
    if not may_replace:
        print(f"not written: {evaluation.save_ident}.pth.tar is there already (--force-save yes replaces it)")
        return
    write_results(run.path, evaluation.save_ident, outcome, summary)
    print(f"written to {run.path / evaluation.save_ident}.json and {evaluation.save_ident}.pth.tar")


def _made_with(
    outcome: Outcome, run: Run, dataset: Dataset, evaluation: EvaluationSettings, settings: MetricSettings
) -> dict[str, Any]:
    """What made the metrics of a run, and the intervals of the scores where asked for."""
    summary = {
        "run": run.name,
        "mode": evaluation.tag,
        "step": run.step,
        "data": {
            "dataset": type(dataset.whole if isinstance(dataset, PartOfDataset) else dataset).__name__,
            **({} if evaluation.part is None else {"part": evaluation.part}),
            "factors": [name for name in dataset.factor_names if name not in outcome.left_out],
            "left_out": dict.fromkeys(outcome.left_out, "one value in all observations"),
            **dataset.describe(),
        },
        "seed": settings.seed,
        "settings": settings.described(),
        "device": describe_device(next(run.model.parameters()).device),
        "versions": library_versions(),
    }
    if evaluation.bootstrap:
        how = {"resamples": evaluation.bootstrap, "level": LEVEL, "seed": settings.seed}
        summary["bootstrap"] = {**how, "intervals": outcome.intervals, "without": outcome.without_interval}
    return summary
