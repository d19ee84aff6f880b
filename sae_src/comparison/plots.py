"""A comparison as a figure: bars with every seed's dot for each score, and reconstruction against disentanglement."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from omnilearn.figures import drawing, encoded, new_figure
from sae_src.comparison.chance import ChanceLevel
from sae_src.comparison.groups import Group
from sae_src.comparison.scores import direction
from sae_src.comparison.statistics import estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by the colour-blind (Okabe and Ito 2008). As there is one marker less, each pair of both comes once in 56.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
_MARKERS = "osD^vPX"
_WIDTH, _LETTERS, _ACROSS = 6.75, 7, 3
_LINE = 0.13  # inches of a line of the legend
_BEYOND = 0.25  # how far beyond the values a panel shows an interval, in parts of what they span
_FAR = 2.0  # values that are this many times what they span away from 0 have no bars, beside which they look the same
_LARGEST = 1e100  # values beyond are beyond what axes can show
_CHANCE: dict[str, Any] = {"color": "black", "linewidth": 1.0, "linestyle": (0, (2, 1.5))}

Levels = Sequence[ChanceLevel | None]
"""The chance level of each group, where it is known."""


def plot(groups: Sequence[Group], names: Sequence[str], form: Literal["png", "pdf"], levels: Levels = ()) -> bytes:
    """The comparison of groups by these scores as the content of a file."""
    return encoded(comparison_figure(groups, names, levels), form, dots_per_inch=300)


@drawing
def comparison_figure(groups: Sequence[Group], names: Sequence[str], levels: Levels = ()) -> "Figure":
    """A panel of bars for each score, or of points where the values differ by little of their size; the last has the
    first reconstruction loss against the first score of which a high value is good, where both are among them. Dashed
    lines are chance levels.

    An interval that is far wider than the values are apart, as those of two seeds are, is cut off by its panel.
    """
    levels = levels or [None] * len(groups)
    pair = _against(names)
    count = len(names) + (pair is not None)
    across = 2 if count == 4 else min(count, _ACROSS)
    down = -(-count // across)
    lines = 0 if pair is None else -(-(len(groups) + 1) // _ACROSS)
    height = down * (0.8 + max(0.2 * len(groups), 1.2)) + _LINE * lines
    figure = new_figure(figsize=(_WIDTH, height), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        _bars(axes, groups, name, levels, named=place % across == 0)
    if pair is not None:
        _scatter(panels.flat[len(names)], groups, *pair, levels)
        shown = panels.flat[len(names)].get_legend_handles_labels()
        figure.legend(
            *shown, loc="outside lower center", ncols=_ACROSS, fontsize=_LETTERS, frameon=False, handletextpad=0.4
        )
    return figure


def label_of(group: Group) -> str:
    """What a group is called: what it is grouped by, and what keeps it apart from others."""
    return ", ".join(
        [*group.key.values(), *(f"{name.rpartition('.')[2]} {value}" for name, value in group.apart.items())]
    )


def _against(names: Sequence[str]) -> tuple[str, str] | None:
    losses = [name for name in names if name.rpartition(".")[2] == "rec_loss"]
    scores = [name for name in names if direction(name) == "high"]
    return (losses[0], scores[0]) if losses and scores else None


def _bars(axes: "Axes", groups: Sequence[Group], name: str, levels: Levels, *, named: bool) -> None:
    has_level, has_bars = False, _has_bars(groups, name)
    shown, ends = ([0.0], [0.0]) if has_bars else ([], [])
    for place, (group, level) in enumerate(zip(groups, levels, strict=True)):
        values = [value for value in group.values.get(name, {}).values() if not abs(value) >= _LARGEST]
        if not values:
            continue
        found = estimate(values)
        error = found.half_width if found.n > 1 else None
        colour = _COLOURS[place % len(_COLOURS)]
        if has_bars:
            axes.barh(place, found.mean, xerr=error, color=colour, alpha=0.55, error_kw={"linewidth": 0.8})
        else:
            axes.errorbar(found.mean, place, xerr=error, color="black", linewidth=0.8)
            axes.plot([found.mean] * 2, [place - 0.35, place + 0.35], color=colour, alpha=0.55, linewidth=4)
        axes.scatter(values, [place] * len(values), s=6, color="black", zorder=3, linewidths=0)
        if level is not None and name in level.scores:
            axes.plot([level.scores[name]] * 2, [place - 0.48, place + 0.48], **_CHANCE)
            has_level = True
            shown.append(level.scores[name])
        shown += values
        ends += [found.mean - (error or 0), found.mean + (error or 0)]
    _show_most(axes, shown, ends, has_bars=has_bars)
    axes.set_yticks(range(len(groups)), [label_of(group) for group in groups] if named else [""] * len(groups))
    axes.set_ylim(len(groups) - 0.4, -0.6)
    end = direction(name)
    about = ", ".join([f"{end} is good"] * (end != "none") + ["dashed: chance"] * has_level)
    axes.set_xlabel(f"{name}\n({about})" if about else name, fontsize=_LETTERS)
    axes.tick_params(labelsize=_LETTERS, length=2)
    axes.spines[["top", "right"]].set_visible(False)


def _has_bars(groups: Sequence[Group], name: str) -> bool:
    """Whether lengths from 0 on show how the values of several groups differ."""
    of_groups = [[*filter(_can_be_drawn, group.values.get(name, {}).values())] for group in groups]
    every = [value for values in of_groups for value in values]
    several = sum(map(bool, of_groups)) > 1 and min(every) != max(every)
    return not several or min(map(abs, every)) < _FAR * (max(every) - min(every))


def _can_be_drawn(value: float) -> bool:
    return isfinite(value) and abs(value) < _LARGEST


def _show_most(axes: "Axes", values: Sequence[float], ends: Sequence[float], *, has_bars: bool) -> None:
    """Leave out of a panel what of intervals is too far from the values."""
    values, ends = [*filter(_can_be_drawn, values)], [*filter(_can_be_drawn, ends)]
    least, most = min(values), max(values)
    span = most - least
    left, right = max(min(least, *ends), least - _BEYOND * span), min(max(most, *ends), most + _BEYOND * span)
    if right > left:
        margin = 0.05 * (right - left)
        axes.set_xlim(left - margin * (left < 0 or not has_bars), right + margin * (right > 0 or not has_bars))
    axes.locator_params(axis="x", nbins=5)


def _scatter(axes: "Axes", groups: Sequence[Group], loss: str, score: str, levels: Levels) -> None:
    for place, group in enumerate(groups):
        first, second = group.values.get(loss, {}), group.values.get(score, {})
        seeds = [
            seed for seed in first if seed in second and _can_be_drawn(first[seed]) and _can_be_drawn(second[seed])
        ]
        marker, colour = _MARKERS[place % len(_MARKERS)], _COLOURS[place % len(_COLOURS)]
        across, up = [first[seed] for seed in seeds], [second[seed] for seed in seeds]
        axes.scatter(across, up, s=12, color=colour, marker=marker, linewidths=0, label=label_of(group))
    axes.set_xlabel(loss, fontsize=_LETTERS)
    axes.set_ylabel(score, fontsize=_LETTERS)
    axes.tick_params(labelsize=_LETTERS, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    known = dict.fromkeys(level.scores[score] for level in levels if level is not None and score in level.scores)
    for place, value in enumerate(known):
        axes.axhline(value, label="" if place else "chance", **_CHANCE)
