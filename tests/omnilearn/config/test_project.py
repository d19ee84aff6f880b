"""The project of a command is one that the user chose: nothing in a folder of runs or data is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from omnilearn.config.project import choose_project
from omnilearn.errors import UserError
from tests.conftest import ROOT

FIG = "from sae_src.commands.fig import main\nmain()\n"


def plant(folder: Path, name: str = ".omnifig.yml") -> Path:
    """Make a folder a project whose module leaves a mark when it is imported."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("name: theirs\nmodule: theirs\n")
    (folder / "theirs.py").write_text("open('imported', 'w').close()\n")
    return folder


def make_run(folder: Path, mark: str = "info.yaml") -> Path:
    """Make a folder look like a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text("budget: 1\n")
    if mark.startswith("ckpt"):
        (folder / mark).mkdir()
    else:
        (folder / mark).touch()
    return folder


@pytest.fixture(autouse=True)
def no_project(monkeypatch):
    monkeypatch.delenv("OMNILEARN_PROJECT", raising=False)
    monkeypatch.delenv("PWD", raising=False)


def test_below_the_project_of_a_user(tmp_path):
    mine = plant(tmp_path / "mine")
    (mine / "deep" / "er").mkdir(parents=True)
    for folder in (mine, mine / "deep", mine / "deep" / "er"):
        assert choose_project(folder, ROOT) == mine


def test_elsewhere_it_is_that_of_the_installation(tmp_path):
    assert choose_project(tmp_path, ROOT) == ROOT
    assert choose_project(ROOT / "docs", ROOT) == ROOT
    with pytest.raises(UserError, match="there is no project here"):
        choose_project(tmp_path, tmp_path)


@pytest.mark.parametrize("name", ["omnifig.yaml", ".fig.project.yml", "fig.project.yaml", ".omnifig.yml"])
@pytest.mark.parametrize("mark", ["info.yaml", "ckpt12", "events.out.tfevents.1.host", "eval.pth.tar"])
def test_a_run_is_no_project(name, mark, tmp_path, capsys):
    run = make_run(plant(tmp_path / "run", name), mark)
    plant(run / "ckpt12", name)
    for folder in (run, run / "ckpt12"):
        assert choose_project(folder, ROOT) == ROOT
        assert "is not taken for a project" in capsys.readouterr().err


def test_what_lies_above_a_run_came_with_it(tmp_path):
    theirs = plant(tmp_path / "theirs")
    run = make_run(theirs / "some" / "run")
    assert choose_project(run, ROOT) == ROOT
    assert choose_project(theirs, ROOT) == theirs


@pytest.mark.parametrize("place", ["trained_nets", "local_data", "local_data/celeba", "trained_nets/run/figures"])
def test_the_default_folders_of_runs_and_data(place, tmp_path):
    assert choose_project(plant(tmp_path / place), ROOT) == ROOT


@pytest.mark.parametrize("variable", ["OMNILEARN_SAVE_DIR", "OMNILEARN_DATA_DIR"])
def test_the_folders_that_the_environment_names(variable, tmp_path, monkeypatch):
    store = tmp_path / "store"
    monkeypatch.setenv(variable, str(store))
    assert choose_project(plant(store / "a" / "b"), ROOT) == ROOT
    assert choose_project(plant(store), ROOT) == ROOT
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "store")
    assert choose_project(store, ROOT) == ROOT


def test_a_link_into_a_folder_of_runs(tmp_path, monkeypatch):
    elsewhere = plant(tmp_path / "elsewhere")
    (tmp_path / "trained_nets").mkdir()
    link = tmp_path / "trained_nets" / "run"
    link.symlink_to(elsewhere)
    assert choose_project(elsewhere, ROOT) == elsewhere
    monkeypatch.setenv("PWD", str(link))
    assert choose_project(elsewhere, ROOT) == ROOT


def test_a_project_that_the_environment_names(tmp_path, monkeypatch):
    mine = plant(tmp_path / "trained_nets" / "mine")
    monkeypatch.setenv("OMNILEARN_PROJECT", str(mine))
    assert choose_project(tmp_path, ROOT) == mine
    monkeypatch.setenv("OMNILEARN_PROJECT", str(tmp_path))
    with pytest.raises(UserError, match="is not the folder of a project"):
        choose_project(tmp_path, ROOT)


def fig(words: str, folder: Path, tmp_path: Path) -> subprocess.CompletedProcess:
    program = tmp_path / "bin" / "fig"
    program.parent.mkdir(exist_ok=True)
    program.write_text(FIG)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(program), *words.split()]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("words", ["-h", "train -h", "train demo --bugdet 3", "eval --load nope"])
def test_nothing_is_imported_from_a_run(words, tmp_path):
    run = make_run(plant(tmp_path / "run"))
    result = fig(words, run, tmp_path)
    assert not (run / "imported").exists()
    assert "Traceback" not in result.stderr
    assert ("eval-metrics" in result.stdout) or ("--budget" in result.stdout) or result.returncode == 2


def test_the_project_of_a_user_is_used(tmp_path):
    mine = plant(tmp_path / "mine")
    fig("-h", mine, tmp_path)
    assert (mine / "imported").exists()


def test_fig_is_this_command():
    scripts = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[2].partition("\n[")[0]
    assert 'fig = "sae_src.commands.fig:main"' in scripts
