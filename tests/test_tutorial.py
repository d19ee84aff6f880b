"""docs/tutorial.md: its commands run in their order, with a few steps, and make what it says."""

import re
from pathlib import Path

import pytest

from omnilearn.files import read_json
from tests.conftest import ROOT
from tests.documents import blocks

PAGE = ROOT / "docs" / "tutorial.md"
# What a command gets besides, by its script: a minute and more otherwise.
SHORT = {
    "train": "--viz null --dataset.num-samples 600",
    "eval": "--step-limit 2 --lite0-distance null",
    "eval-metrics": "--num-train 60 --num-test 30 --num-latent 40 --num-response 4 --jobs 1 --metrics [mig,dci]",
    "report": "--observations 1 --steps 3",
}


def commands() -> list[str]:
    """The lines of the page for `fig`, without the program."""
    lines = [line for code in blocks(PAGE) for line in code.splitlines()]
    return [line.removeprefix("fig ") for line in lines if line.startswith("fig ")]


def planned(fig, capsys, words: str) -> list[str]:
    """What a sweep would run, in this process: starting others would take longer than what they do."""
    capsys.readouterr()
    fig(re.sub("--workers .*", "--print", words))
    lines = re.findall(r"^ *\d+  .*?((?:train|eval|eval-metrics) .*)$", capsys.readouterr().out, re.MULTILINE)
    assert lines
    return lines


@pytest.mark.slow
def test_every_command_runs(runs, shapes_root, tmp_path, monkeypatch, fig, capsys):
    monkeypatch.setenv("OMNILEARN_DATA_DIR", str(shapes_root))
    monkeypatch.chdir(tmp_path)
    (sweep,) = blocks(PAGE, "yaml")
    for there, short in (("budget: 1500", "budget: 2"), ("-limit: 100", "-limit: 1"), ("channels: 32", "channels: 16")):
        assert there in sweep
        sweep = sweep.replace(there, short)
    Path("two.yaml").write_text(sweep.replace(" --step-limit 100", ""), encoding="utf-8")
    for words in commands():
        script = words.partition(" ")[0]
        for line in planned(fig, capsys, words) if script == "sweep" else [words]:
            name = line.partition(" ")[0]
            keys = SHORT.get(name, "") if script != "sweep" or name != "train" else ""
            fig(f"{re.sub('--budget 1000', '--budget 2', line)} {keys}")
            out, err = capsys.readouterr()
            assert err == "", line
            assert name != "compare" or re.search(r"^AE .*\n(?:.*\n)*SAE-12 ", out, re.MULTILINE)
    assert len(list(runs.glob("first_*"))) == 1 and len(list(runs.glob("shapes_*"))) == 2
    for run in runs.glob("shapes_*"):
        assert {"eval", "metrics", "test_results"} <= {path.stem for path in run.glob("*.json")}
        assert (run / "figures" / "metrics_dci.png").is_file()
        assert read_json(run / "metrics.json")["scores"]["DCI"]
    assert (tmp_path / "two.html").is_file()


def test_it_installs_by_the_line_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = next(line for line in blocks(PAGE)[0].splitlines() if line.startswith("python3 -m venv"))
    assert install.replace("'.[report]'", ".") in readme
