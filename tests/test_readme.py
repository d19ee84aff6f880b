"""The README's commands do what it says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from omnilearn.tensor_files import load_tensors
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
FIG = Path(sys.executable).parent / "fig"
SHORT = (
    "--budget 3 --dataset.num-samples 600 --viz.freq 2 --viz-traversals no --validation.freq 2 --records.freq 1 "
    "--device cpu"
)
COMMANDS = [command for command in re.findall(r"(?:^|`)(fig [^`\n]+)", README, re.MULTILINE) if " -h" not in command]
TRAIN = [command for command in COMMANDS if command.startswith("fig train ") and "--resume" not in command]


def run(command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    words = command.split()
    program = [str(FIG)] if words[0] == "fig" else [sys.executable]
    return subprocess.run([*program, *words[1:]], capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


@pytest.mark.slow
def test_every_training_command(runs, fig, capfd):
    assert len(TRAIN) > 10
    commands = [c for c in TRAIN if "a/gated" not in c]
    for command in commands:  # in this process: starting one for each would take longer than what it does
        fig(f"{command} {SHORT}".removeprefix("fig "))
        out, err = capfd.readouterr()
        assert err == "", command
        assert "Completed" in out
        assert "Next:" in out
    assert len(list(runs.iterdir())) == len(commands)


@pytest.mark.slow
def test_evaluating_resuming_and_the_demo(runs, fig, capfd):
    demo = run(f"fig train demo {SHORT} --name NAME --name-include-date no")
    assert "fig eval --load NAME" in demo.stdout
    for command in COMMANDS:
        if "NAME" in command:
            fig(command.replace("--budget 200000", "--budget 5").removeprefix("fig "))
            assert capfd.readouterr().err == "", command
    assert (runs / "NAME" / "test_results.json").is_file()
    assert (runs / "NAME" / "ckpt5").is_dir()
    again = run(f"python main.py train demo {SHORT}".replace("main.py", str(ROOT / "main.py")), cwd=runs)
    assert again.returncode == 0, again.stderr
    assert f"{ROOT / 'main.py'} eval --load" in again.stdout


def test_help_is_quick_to_import_and_complete():
    for words in ("fig -h", "fig --help", "fig"):
        result = run(words)
        assert result.returncode == 0
        assert all(name in result.stdout for name in ("train", "eval", "a/d/strc/12", "d/vec"))
    boot = "import omnifig; from pathlib import Path; omnifig.switch_project(Path('.').resolve()); omnifig.initialize()"
    code = f"{boot}; import sys; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    keys = run("fig train -h").stdout
    for key in (
        "budget",
        "validation.freq",
        "checkpoint.freq",
        "print.freq",
        "viz.freq",
        "records.freq",
        "seed",
        "device",
    ):
        assert f"--{key}" in keys


def test_the_example_in_python():
    for code in re.findall(r"```python\n(import torch.*?)```", README, re.DOTALL):
        names: dict = {}
        exec(code, names)  # our own README
        assert names["y"].shape == (8, 100)
        assert set(names["out"]) == {"loss", "rec_loss", "original", "latent", "reconstruction"}
        assert names["matrix"].shape == (12, 12)
        assert 0 <= names["scores"]["discrete_mig"] < 0.1


@pytest.mark.slow
def test_the_example_component_and_config(tmp_path):
    project = tmp_path / "project"
    for name in ("omnilearn", "sae_src", "config"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", ".omnifig.yml"):
        shutil.copy(ROOT / name, project)
    component = re.search(r"```python\n(from torch import Tensor, nn\n.*?)```", README, re.DOTALL)
    config = re.search(r"```yaml\n(_base: a/conv12.*?)```", README, re.DOTALL)
    file, line = re.search(r"`(sae_src/gated_layer\.py)`.*?`(import sae_src\.gated_layer)`", README, re.DOTALL).groups()
    (project / file).write_text(component[1])
    with (project / "sae_src" / "components.py").open("a") as components:
        components.write(f"{line}\n")
    (project / "config" / "a" / "gated.yaml").write_text(config[1])
    command = re.search(r"and run `fig (train a/gated [^`]*)`", README)[1]
    words = [sys.executable, str(project / "main.py"), *command.split(), *SHORT.split(), "--name", "gated"]
    result = subprocess.run(words, capture_output=True, text=True, cwd=project, timeout=300, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    (info,) = (tmp_path / "runs").glob("gated_*/ckpt3/model.pth.tar")
    assert "GatedLayer" in load_tensors(info)["model_str"]
