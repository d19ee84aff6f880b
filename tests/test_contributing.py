"""What CONTRIBUTING.md tells to write works as it stands: a file, a line, a command."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.tensor_files import load_tensors
from tests.conftest import ROOT

SHORT = "--budget 2 --dataset.num-samples 600 --device cpu --name-include-date no"
SHORT_KEYS = "{budget: 2, dataset.num-samples: 600, include-eval: no, viz: null, validation: null, device: cpu}"
KINDS = ("method", "layer", "structural layer", "data set", "metric", "picture", "command", "optimiser")
ENVIRONMENT = Path(sys.executable).parent


@dataclass(frozen=True)
class Example:
    """A section of "Adding": the new file, the line and where it goes, and the command that uses them."""

    path: str
    code: str
    list_path: str
    line: str
    command: str


def examples() -> dict[str, Example]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    pattern = re.compile(
        r"^### An? (?P<kind>[\w ]+)\n(?:\n|(?!New file|#)[^\n]+\n)+"
        r"New file `(?P<path>\S+)`:\n\n```python\n(?P<code>.*?)```\n\n"
        r"One line in `(?P<list_path>\S+)`:\n\n```python\n(?P<line>[^\n]+)\n```\n\n```\n(?P<command>fig [^\n]+)\n```",
        re.MULTILINE | re.DOTALL,
    )
    found = [match.groupdict() for match in pattern.finditer(text)]
    return {example.pop("kind"): Example(**example) for example in found}


def sweep_example() -> tuple[str, str, list[str]]:
    """The path and content of the file of a sweep, and the commands that make and compare its runs."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^`(config/sweep/\S+)`:\n\n```yaml\n(.*?)```\n\n```\n(.*?)```", text, re.M | re.S)
    return found[0], found[1], found[2].splitlines()


EXAMPLES = examples()
TRAINED = {
    kind: EXAMPLES[kind].command.removeprefix("fig ")
    for kind in ("method", "layer", "structural layer", "data set", "picture", "optimiser")
}


def add_line(path: Path, line: str) -> None:
    """Put a line after the last one of its kind: an import, or the name of a module in a list."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kind = re.compile(r' *"[\w.]+",' if line.startswith('"') else r"import [\w.]+")
    last = max(index for index, other in enumerate(lines) if kind.fullmatch(other))
    indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
    path.write_text("\n".join([*lines[: last + 1], indent + line, *lines[last + 1 :], ""]), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with everything added that CONTRIBUTING.md shows."""
    copy = tmp_path_factory.mktemp("project") / "copy"
    copy.mkdir()
    for name in ("sae_src", "omnilearn", "config", "typings"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", ".omnifig.yml", "pyproject.toml", "README.md", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    for example in EXAMPLES.values():
        assert not (copy / example.path).exists()
        (copy / example.path).write_text(example.code, encoding="utf-8")
        add_line(copy / example.list_path, example.line)
    path, content, _ = sweep_example()
    (copy / path).write_text(content, encoding="utf-8")
    return copy


def run(project: Path, *words: str) -> str:
    """Run a program of this environment in the project; returns what it prints."""
    result = subprocess.run(words, cwd=project, capture_output=True, text=True, timeout=300, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr + result.stdout
    return result.stdout


def fig(project: Path, words: str) -> str:
    return run(project, sys.executable, "main.py", *words.split())


def test_each_kind_has_an_example():
    assert tuple(EXAMPLES) == KINDS


def test_the_examples_are_in_the_style_of_the_project(project):
    paths = [path for example in EXAMPLES.values() for path in (example.path, example.list_path)]
    lists = [example.list_path for example in EXAMPLES.values()]
    run(project, str(ENVIRONMENT / "ruff"), "check", "-q", "--select", "I", "--fix", *lists)  # sorts
    run(project, str(ENVIRONMENT / "ruff"), "check", "-q", *paths)
    run(project, str(ENVIRONMENT / "ruff"), "format", "-q", "--check", *paths)
    run(project, str(ENVIRONMENT / "lint-imports"))


@pytest.mark.slow
def test_the_examples_pass_the_type_checks(project):
    paths = [example.path for example in EXAMPLES.values()]
    run(project, str(ENVIRONMENT / "mypy"), "--follow-imports=skip", *paths)  # all of it would take a minute


@pytest.fixture(scope="module")
def added(project, tmp_path_factory) -> Path:
    """The runs of the examples' commands, made by one process of that copy: each by the name of its kind."""
    runs = tmp_path_factory.mktemp("added") / "runs"
    commands = [f"{words} {SHORT} --name {kind.replace(' ', '-')}" for kind, words in TRAINED.items()]
    commands += [f"train a/conv12 m/ae d/vec {SHORT} --name NAME --viz null"]
    commands += [EXAMPLES["metric"].command.removeprefix("fig ")]
    code = "import omnifig, sys; omnifig.initialize(); [omnifig.main(words.split()) for words in sys.argv[1:]]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNILEARN_SAVE_DIR", str(runs))
        patch.setenv("OMP_NUM_THREADS", "1")
        assert run(project, sys.executable, "-c", code, *commands).count("Completed") == len(TRAINED) + 1
    return runs


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAINED)
def test_what_is_added_trains(added, kind):
    folder = added / kind.replace(" ", "-")
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    used = {
        "method": lambda: config["model"]["_type"] == "denoising-ae" and config["model"]["noise"] == 0.2,
        "layer": lambda: "DropoutLayer" in printed_model(folder),
        "structural layer": lambda: (
            printed_model(folder).count("(net)") == 12 == printed_model(folder).count("GatedCh")
        ),
        "data set": lambda: (config["dataset"]["_type"], config["din"]) == ("rings", 2),
        "picture": lambda: "rec-error/train" in events_of(folder).Tags()["images"],
        "optimiser": lambda: config["model"]["optim"]["_type"] == "nadam",
    }
    assert used[kind]()


@pytest.mark.slow
def test_the_structural_layer_is_compared_over_seeds(project, tmp_path, monkeypatch):
    """The commands of the sweep, made short, in one process; then the table."""
    monkeypatch.setenv("OMNILEARN_SAVE_DIR", str(tmp_path / "runs"))
    _, content, (sweep, compare) = sweep_example()
    assert sweep.startswith("fig sweep sweep/gated ")
    (project / "short.yaml").write_text(content.replace("{budget: 5000}", SHORT_KEYS), encoding="utf-8")
    *lines, count = fig(project, "sweep short.yaml --print").splitlines()
    assert count == "6 runs: 0 done, 6 left"
    commands = [shlex.split(line)[3:] for line in lines]
    commands += [shlex.split(compare.replace("sweep=gated", "sweep=short"))[1:]]
    code = "import json, omnifig, sys; omnifig.initialize(); [omnifig.main(words) for words in json.loads(sys.argv[1])]"
    table = run(project, sys.executable, "-c", code, json.dumps(commands)).split("written to")[-1]
    assert re.search(r"\nSAE-12 +vec +3 .*\ngated SAE-12 +vec +3 ", table)
    assert all(score in table for score in ("mcc", "r2", "test_results.rec_loss"))


@pytest.mark.slow
def test_the_metric_is_computed(added):
    scores = yaml.safe_load((added / "NAME" / "metrics.json").read_text(encoding="utf-8"))["scores"]
    assert 1 <= scores["EffectiveDimension"]["effective_dimension"] <= 12


@pytest.mark.slow
def test_the_command_runs_and_help_stays_quick(project):
    assert re.fullmatch(r"[\d,]+ parameters\n", fig(project, EXAMPLES["command"].command.removeprefix("fig ")))
    assert "count-parameters" in fig(project, "-h")
    code = "import sae_src.commands.scripts, sys; sys.exit('torch' in sys.modules)"
    run(project, sys.executable, "-c", code)


def events_of(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def printed_model(folder: Path) -> str:
    (checkpoint,) = folder.glob("ckpt*")
    return load_tensors(checkpoint / "model.pth.tar")["model_str"]
