"""The metrics as help and documents show them, made from what their modules say.

python -m sae_src.eval_metrics.documentation    prints the table of docs/metrics.md
"""

import inspect
import re
import textwrap
from typing import Any, Literal, get_args, get_origin

from sae_src.eval_metrics.settings import own_settings
from sae_src.eval_metrics.table import all_metrics
from sae_src.metrics.metric import Metric, Need

_NEEDS: dict[Need, str] = {
    "codes": "codes",
    "factors": "factors",
    "numbers": "factors, or numbers",
    "grid": "a grid",
    "posteriors": "factors; Gaussian codes",
}
_WIDTH = 120


def help_lines() -> list[str]:
    """Each metric with what it says, and below it the keys of its own with their defaults."""
    lines = []
    for metric in all_metrics().values():
        title = f"    {metric.name:<24}" + ("(default) " if metric.is_published else "") + metric.meaning
        lines += _wrapped(title, 28)
        explained = explanations(metric)
        for name, setting in own_settings(metric).items():
            key = f"{_key(name)} {_values(setting)}"
            text = f"        {key:<39} {explained.get(name, '')}".rstrip()
            lines += _wrapped(text, 48)
    return lines


def table_lines() -> list[str]:
    """The table of docs/metrics.md: a row for each metric."""
    rows = [("name", "stored as", "range, best", "what a good score says", "needs", "keys of its own"), ("---",) * 6]
    for metric in all_metrics().values():
        needs = "; ".join(
            [_NEEDS[metric.need], *(f"{what}: a grid or a causal model" for what in metric.optional.values())]
        )
        keys = ", ".join(f"`{name.replace('_', '-')}`" for name in own_settings(metric))
        rows.append((f"`{metric.name}`", metric.title, metric.range, metric.meaning, needs, keys))
    return [f"| {' | '.join(row)} |".replace("  ", " ") for row in rows]


def explanations(metric: Metric) -> dict[str, str]:
    """What the docstring of a metric's function says of its parameters, up to the end of the first sentence."""
    text = inspect.getdoc(metric.score) or ""
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", text, re.MULTILINE)
    return {name: re.split(r"[.;](?:\s|$)", " ".join(said.split()))[0] for name, said in found}


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


def _values(setting: inspect.Parameter) -> str:
    """The default of a setting, or the values that there are, the default first."""
    if get_origin(setting.annotation) is Literal:
        others = [value for value in get_args(setting.annotation) if value != setting.default]
        return "|".join(map(str, [setting.default, *others]))
    return _text(setting.default)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"'[{', '.join(map(_text, value))}]'"
    return "null" if value is None else str(value)


def _key(name: str) -> str:
    return f"--{name.replace('_', '-')}"


if __name__ == "__main__":
    print("\n".join(table_lines()))
