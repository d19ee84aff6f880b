"""Runs on data of which next to nothing is for testing: figures and pages show all of it, and say so."""

import numpy as np
import pytest

from omnilearn.errors import UserError
from sae_src.report.observations import shown_part
from sae_src.run import load_run
from sae_src.visualisation.subject import Amounts, Subject
from sae_src.visualisation.table import all_figures


class Pair:
    """Data of a number of observations in all."""

    config = "d/pair"

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def in_mode(self, mode: str) -> "Pair":
        return self


@pytest.mark.slow
@pytest.mark.parametrize("share", ["0", "0.02"])
def test_figures_and_a_page_show_all_observations(share, fig, tmp_path, capsys):
    """Of fifty, none and one are for testing."""
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32))
    words = f"--path {tmp_path / 'points.npy'} --dataset.test-share {share} --budget 1 --viz null --name few"
    run = fig(f"train hybrid a/conv12 m/ae d/array {words} --name-include-date no --device cpu --evaluation null")
    says = f"{'0 observations' if share == '0' else '1 observation'} for testing: those shown are of all"
    figures = fig("visualize --load few --figures codes,traversals --observations 2 --steps 3 --codes 20")
    assert says in capsys.readouterr().out and "codes.png" in {path.name for path in figures}
    page = tmp_path / "page.html"
    fig(f"report --runs all --out {page} --observations 2 --steps 3")
    assert says in capsys.readouterr().out and says in page.read_text(encoding="utf-8")
    assert len(shown_part(load_run(run).data.dataset)[0]) == 50


def test_codes_of_two_observations_have_no_two_axes():
    subject = Subject(None, Pair(2), Amounts())
    assert all_figures()["codes"].missing(subject) == "there are two observations"


def test_of_one_observation_there_is_nothing_to_show():
    with pytest.raises(UserError, match="d/pair: holds 1 observation, and pictures need two"):
        shown_part(Pair(1))
