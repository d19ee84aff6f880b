"""The draws of a search: what they depend on, and the journal that keeps them."""

import json

import pytest
from optuna.distributions import FloatDistribution

from omnilearn.errors import UserError
from sae_src.sweeps.search_space import Choices, Range, Search
from sae_src.sweeps.study import Study, open_journal

SEARCH = Search(
    {"a": Range(0.001, 1.0, log=True), "b": Range(1, 9, 4), "c": Choices(("x", 2))}, "eval.loss", "minimise", 9
)


def drawn(path, count: int, search: Search = SEARCH, told: float = 0.5) -> list[dict]:
    """The values of some trials, each in a study of its own process."""
    values = []
    for at in range(count):
        study = Study(open_journal(path), "s", search)
        study.drop_leftovers()
        trial = study.ask()
        values.append(dict(trial.values))
        study.tell(trial, ["run"], told / (at + 1))
    return values


def test_what_is_drawn_depends_on_the_seed_and_not_on_the_process(tmp_path):
    values = drawn(tmp_path / "one", 4)
    assert all(0.001 <= each["a"] <= 1 and each["b"] in (1, 5, 9) and each["c"] in ("x", 2) for each in values)
    assert len({each["a"] for each in values}) == 4
    study = Study(open_journal(tmp_path / "two"), "s", SEARCH)
    for at, each in enumerate(values):
        trial = study.ask()
        assert dict(trial.values) == each
        study.tell(trial, ["run"], 0.5 / (at + 1))
    other = Search(SEARCH.space, SEARCH.score, SEARCH.direction, SEARCH.trials, seed=1)
    assert drawn(tmp_path / "three", 1, other) != values[:1]


@pytest.mark.parametrize(
    ("values", "highest"),
    [
        (Range(0.1, 1.0, 0.3), 1.0),
        (Range(0.1, 0.7, 0.2), 0.7),
        (Range(0.1, 0.75, 0.2), 0.7),
        (Range(1.0e-05, 1.0e-04, 3.0e-05), 1.0e-04),
        (Range(1, 10, 4), 9),
        (Range(0.1, 1.0), 1.0),
    ],
)
def test_a_range_ends_at_the_last_of_its_steps(values, highest, tmp_path):
    study = Study(open_journal(tmp_path / "journal"), "s", Search({"a": values}, "eval.loss", "minimise", 9))
    study.ask()
    (asked,) = (json.loads(line) for line in (tmp_path / "journal").read_text().splitlines() if "distribution" in line)
    assert json.loads(asked["distribution"])["attributes"]["high"] == highest


def test_an_older_journal_without_the_top_of_a_range_goes_on(tmp_path, monkeypatch):
    search = Search({"a": Range(0.1, 1.0, 0.3)}, "eval.loss", "minimise", 9)
    with monkeypatch.context() as older:
        older.setattr(Study, "__init__", _begun_before)
        values = drawn(tmp_path / "journal", 4, search)
    assert {each["a"] for each in values} <= {0.1, 0.4, 0.7}
    study = Study(open_journal(tmp_path / "journal"), "s", search)
    assert [dict(trial.values) for trial in study.trials()] == values
    study.ask()
    assert study.left == 4


def _begun_before(self, storage, name, search, begin=Study.__init__):
    begin(self, storage, name, search)
    self._space = {"a": FloatDistribution(0.1, 0.7, step=0.3)}


def test_a_journal_that_was_cut_short(tmp_path):
    path = tmp_path / "journal"
    values = drawn(path, 2)
    study = Study(open_journal(path), "s", SEARCH)
    again = dict(study.ask().values)
    lines = path.read_bytes().splitlines(keepends=True)
    whole = b"".join(lines[:-2])  # the values of the last trial but one
    path.write_bytes(whole + lines[-2][:7])
    study = Study(open_journal(path), "s", SEARCH)
    study.drop_leftovers()
    assert [dict(trial.values) for trial in study.trials()] == values and study.left == 7
    assert dict(study.ask().values) == again
    assert json.loads(path.read_bytes().splitlines()[-1])


def test_a_damaged_journal(tmp_path):
    path = tmp_path / "journal"
    drawn(path, 1)
    path.write_bytes(b"{ no\n" + path.read_bytes())
    with pytest.raises(UserError, match="journal: damaged"):
        open_journal(path)


def test_failed_trials_and_the_best(tmp_path):
    study = Study(open_journal(tmp_path / "journal"), "s", SEARCH)
    assert study.best() is None
    first, second, third = study.ask(), study.ask(), study.ask()
    study.tell(first, ["a"], 2.0)
    study.tell(second, ["b"], None, "loss not finite")
    study.tell(third, ["c"], 1.0)
    assert study.best().number == third.number and study.left == 6
    assert [(each.state, each.why) for each in study.trials()][1] == ("failed", "loss not finite")
    study.try_again(study.trials()[1])
    assert study.left == 7
    again = study.ask()
    assert again.values == second.values and again.number == 3
    assert [each.number for each in study.trials()] == [0, 2, 3] and study.left == 6
    upwards = Study(open_journal(tmp_path / "j2"), "s", Search(SEARCH.space, "x.y", "maximise", 2))
    for score in (1.0, 3.0):
        upwards.tell(upwards.ask(), [], score)
    assert upwards.best().score == 3.0
    assert b'"directions":[2]' in (tmp_path / "j2").read_bytes()  # what guides the draws
