"""Comparisons as figures."""

import pytest

from sae_src.comparison.groups import Group
from sae_src.comparison.plots import comparison_figure

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


def test_a_score_alone_stands_against_nothing(groups):
    assert len(comparison_figure(groups, NAMES[1:]).axes) == 1
