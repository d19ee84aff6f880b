"""Comparisons as figures."""

import pytest

from omnilearn.figures import arranged
from sae_src.comparison.chance import ChanceLevel
from sae_src.comparison.groups import Group
from sae_src.comparison.plots import comparison_figure, plot
from sae_src.comparison.scores import direction

NAMES = ["test_results.rec_loss", "dci.disentanglement"]


@pytest.fixture
def groups():
    """Two models: one with three seeds, of which two have both scores, and one with one seed."""
    first = Group({"model": "SAE-12", "data": "d/vec"}, {"model.channels": 16})
    first.values = {NAMES[0]: {0: 1.0, 1: 2.0, 2: 3.0}, NAMES[1]: {0: 0.5, 1: 0.6}}
    second = Group({"model": "AE", "data": "d/vec"}, {})
    second.values = {NAMES[0]: {0: 4.0}}
    return [first, second]


def test_every_seed_is_a_dot_and_losses_stand_against_scores(groups):
    bars, scores, against = comparison_figure(groups, NAMES).axes
    assert [bar.get_width() for bar in bars.patches] == [2.0, 4.0]
    assert sum(len(dots.get_offsets()) for dots in bars.collections if len(dots.get_offsets()) > 0) >= 4
    assert [label.get_text() for label in bars.get_yticklabels()] == ["SAE-12, d/vec, channels 16", "AE, d/vec"]
    assert len(scores.patches) == 1
    assert against.collections[0].get_offsets().tolist() == [[1.0, 0.5], [2.0, 0.6]]


def test_chance_levels_are_marked_where_they_are_known(groups):
    level = ChanceLevel("d/vec", 12, {NAMES[1]: 0.05})
    losses, scores, against = comparison_figure(groups, NAMES, [level, None]).axes
    assert not losses.lines
    (mark,) = scores.lines
    assert mark.get_xydata().tolist() == [[0.05, -0.48], [0.05, 0.48]]
    (line,) = against.lines
    assert set(line.get_ydata()) == {0.05}
    words = {text.get_text() for legend in scores.figure.legends for text in legend.get_texts()}
    assert words == {"SAE-12, d/vec, channels 16", "AE, d/vec", "chance"}


def test_nothing_covers_anything_else(groups):
    figure = arranged(comparison_figure(groups * 4, NAMES, [None] * 8))
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    across, up = figure.get_size_inches()
    left, bottom, right, top = figure.get_tightbbox(renderer).extents
    assert min(left, bottom, across - right, up - top) > -0.01
    legend = figure.legends[0].get_window_extent(renderer)
    assert not any(legend.overlaps(axes.get_tightbbox(renderer)) for axes in figure.axes)


@pytest.mark.parametrize(
    ("score", "good"),
    [
        ("sap.SAP_score", "high"),  # "0 to below 1, high"
        ("fairness.mean_fairness:mean_pred:mean_sens", "low"),
        ("r2.r2_linear", "high"),
        ("r2.largest_off_diagonal", "low"),
        ("irs.num_active_dims", "none"),
        ("infomec.infom_chance", "none"),
        ("test_results.rec_loss", "low"),
        ("udr", "high"),
    ],
)
def test_which_end_of_a_score_is_good(score, good):
    assert direction(score) == good


def test_wide_intervals_do_not_hide_the_values(groups):
    groups[1].values[NAMES[1]] = {0: 0.2, 1: 0.8}  # two seeds: 0.5, give or take 3.8
    scores = comparison_figure(groups, NAMES[1:]).axes[0]
    left, right = scores.get_xlim()
    assert -0.4 < left < -0.2
    assert 1 < right < 1.2
    groups[1].values[NAMES[1]] = {0: 0.55, 1: 0.56}
    del groups[0].values[NAMES[1]]
    left, right = comparison_figure(groups, NAMES[1:]).axes[0].get_xlim()
    assert left == 0
    assert 0.619 < right < 0.68  # all of its interval


def test_values_that_bars_would_make_the_same_are_points(groups):
    groups[0].values[NAMES[0]] = {0: 1000.0, 1: 1010.0}
    groups[1].values[NAMES[0]] = {0: 1040.0, 1: float("nan")}
    losses = comparison_figure(groups, NAMES).axes[0]
    assert not losses.patches and losses.get_xlim()[0] > 900
    dots = [dot.tolist() for each in losses.collections for dot in each.get_offsets() if len(each.get_offsets()) > 0]
    assert {across for across, _ in dots if across == across} >= {1000.0, 1010.0, 1040.0}


def test_values_beyond_any_axis_are_left_out(groups):
    groups[0].values[NAMES[0]] = {0: 1.7e308, 1: -1e308, 2: float("inf")}
    groups[1].values[NAMES[0]] = {0: 1.0, 1: 2.0}
    assert plot(groups, NAMES, "png")
    groups[1].values[NAMES[0]] = {0: float("nan")}
    assert plot(groups, NAMES, "png")


def test_fifty_models_look_different():
    groups = []
    for number in range(50):
        groups.append(Group({"model": f"{number}"}, {}))
        groups[-1].values = {NAMES[0]: {0: float(number)}, NAMES[1]: {0: 0.5}}
    dots = comparison_figure(groups, NAMES).axes[-1].collections
    looks = {(*each.get_facecolor()[0], each.get_paths()[0].vertices.tobytes()) for each in dots}
    assert len(looks) == 50


def test_a_score_alone_stands_against_nothing(groups):
    assert len(comparison_figure(groups, NAMES[1:]).axes) == 1
