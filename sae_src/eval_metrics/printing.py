"""What `fig eval-metrics` prints of the metrics of a run."""

import math

from sae_src.eval_metrics.outcome import Outcome

_MANY = 0.25  # of the points to train or to test on


def print_outcome(outcome: Outcome) -> None:
    """One line for each metric: its scores with their interval and chance level, or why there are none.

    What metrics have in common stands once: why they are skipped, and what there is instead.
    """
    skipped = _by_reason(outcome)
    width = max(map(len, outcome.scores), default=0)
    for title, scores in outcome.scores.items():
        known, random = outcome.intervals.get(title, {}), outcome.chance.get(title, {})
        line = ", ".join(
            f"{name} {value:.4g}{_beside(known.get(name), random.get(name))}"
            for name, value in scores.items()
            if not math.isnan(value)
        )
        print(f"  {title:<{width}}  {line or _why_none(outcome, title)}")
        if title in outcome.without_interval:
            print(f"  {'':<{width}}  {outcome.without_interval[title]}")
    for reason, titles in skipped.items():
        print(f"  {', '.join(titles)}  skipped: {reason}")
    if outcome.instead:
        names = ", ".join(outcome.instead)
        print(f"  these data allow besides: --metrics '[{names}]' (with a --save-ident of its own)")
    if outcome.trained_on is not None and outcome.trained_on > _MANY * outcome.samples["test"]:
        share = f"{outcome.trained_on:,} of {outcome.samples['test']:,} points to test on are points to train on"
        print(f"  {share}: scores on them, such as informativeness_test, say little of new data (so small a data set)")
    once = outcome.samples.get("train_once")
    if once is not None and once < (1 - _MANY) * outcome.samples["train"]:
        again = outcome.samples["train"] - once
        print(f"  InfoMEC is of {once:,} points: the other {again:,} are the same drawn again (so small a data set)")
    for name in outcome.left_out:
        print(f"  factor {name} is left out of all metrics: it has one value in all observations")


def _by_reason(outcome: Outcome) -> dict[str, list[str]]:
    """The titles of what is skipped, by the reason; without the parts that the line of their metric explains."""
    found: dict[str, list[str]] = {}
    for title, reason in outcome.skipped.items():
        metric = title.partition(": ")[0]
        if metric == title or not _has_none(outcome, metric):
            found.setdefault(reason, []).append(title)
    return found


def _has_none(outcome: Outcome, title: str) -> bool:
    """Whether none of the scores of a metric is defined."""
    return all(map(math.isnan, outcome.scores.get(title, {}).values()))


def _why_none(outcome: Outcome, title: str) -> str:
    """Why a metric has no score, and what there is of it."""
    kept = "; what else it gives is kept" if outcome.results.get(title) else ""
    for part in (name for name in outcome.skipped if name.startswith(f"{title}: ")):
        return f"no score: its scores are of {part.partition(': ')[2]}, which {outcome.skipped[part]}{kept}"
    return f"no score is defined: these codes or factors do not vary enough for it, or are too few{kept}"


def _beside(interval: tuple[float, float] | None, chance: float | None) -> str:
    """The interval and the chance level of a score, as far as they are known."""
    between = "" if interval is None or math.isnan(interval[0]) else f" [{interval[0]:.4g}, {interval[1]:.4g}]"
    return between if chance is None or math.isnan(chance) else f"{between} (chance {chance:.4g})"
