"""A comparison as a figure: bars with every seed's dot for each score, and reconstruction against disentanglement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from omnilearn.figures import drawing, encoded, new_figure
from sae_src.comparison.groups import Group
from sae_src.comparison.scores import direction
from sae_src.comparison.statistics import estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by the colour-blind (Okabe and Ito 2008); markers tell apart those that come after.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_MARKERS = "osD^vPX"
_WIDTH, _LETTERS, _ACROSS = 6.75, 7, 3


def plot(groups: Sequence[Group], names: Sequence[str], form: Literal["png", "pdf"]) -> bytes:
    """The comparison of groups by these scores as the content of a file."""
    return encoded(comparison_figure(groups, names), form, dots_per_inch=300)


@drawing
def comparison_figure(groups: Sequence[Group], names: Sequence[str]) -> "Figure":
    """A panel of bars for each score; the last one has the first reconstruction loss against the first score of which a
    high value is good, where both are among them.
    """
    pair = _against(names)
    count = len(names) + (pair is not None)
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = new_figure(figsize=(_WIDTH, down * (0.7 + max(0.2 * len(groups), 1.2))), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        _bars(axes, groups, name, named=place % across == 0)
    if pair is not None:
        _scatter(panels.flat[len(names)], groups, *pair)
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


def _bars(axes: "Axes", groups: Sequence[Group], name: str, *, named: bool) -> None:
    for place, group in enumerate(groups):
        values = list(group.values.get(name, {}).values())
        if not values:
            continue
        found = estimate(values)
        error = found.half_width if found.n > 1 else None
        axes.barh(place, found.mean, xerr=error, color=_COLOURS[place % 7], alpha=0.55, error_kw={"linewidth": 0.8})
        axes.scatter(values, [place] * len(values), s=6, color="black", zorder=3, linewidths=0)
    axes.set_yticks(range(len(groups)), [label_of(group) for group in groups] if named else [""] * len(groups))
    axes.set_ylim(len(groups) - 0.4, -0.6)
    arrow = {"high": " (high is good)", "low": " (low is good)", "none": ""}[direction(name)]
    axes.set_xlabel(f"{name}{arrow}", fontsize=_LETTERS)
    axes.tick_params(labelsize=_LETTERS, length=2)
    axes.spines[["top", "right"]].set_visible(False)


def _scatter(axes: "Axes", groups: Sequence[Group], loss: str, score: str) -> None:
    for place, group in enumerate(groups):
        first, second = group.values.get(loss, {}), group.values.get(score, {})
        seeds = [seed for seed in first if seed in second]
        marker = _MARKERS[(place + place // 7) % 7]
        across, up = [first[seed] for seed in seeds], [second[seed] for seed in seeds]
        axes.scatter(across, up, s=12, color=_COLOURS[place % 7], marker=marker, linewidths=0, label=label_of(group))
    axes.set_xlabel(loss, fontsize=_LETTERS)
    axes.set_ylabel(score, fontsize=_LETTERS)
    axes.tick_params(labelsize=_LETTERS, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=_LETTERS - 1, frameon=False, handletextpad=0.2)
