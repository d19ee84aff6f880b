"""Mistakes that once ended in a traceback, or in a line that led astray: one line that says what to do."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import omnifig
import pytest
import yaml

from omnilearn.config.command_line import spelled_command_line, split_command_line
from omnilearn.config.exit_codes import cannot_use
from omnilearn.config.yaml_text import load_yaml
from omnilearn.errors import ConfigError, UserError, size_in_words
from omnilearn.versions import own_version
from tests.conftest import ROOT

VEC = "a/conv12 m/ae d/vec --dataset.num-samples 60 --dataset.batch-size 12 --budget 1 --viz null --device cpu"
TABLES = ("validation", "checkpoint", "print", "records", "evaluation", "labels", "info", "dataset", "dataset.net",
          "dataset.split", "model", "model.encoder", "model.encoder.first", "model.decoder", "model.optim",
          "model.criterion", "run", "viz")  # fmt: skip

MISTAKES = [
    # a key without its value
    ("train demo --budget", "--budget: the value is missing"),
    ("train demo --name", "--name: the value is missing"),
    ("train demo --saveroot --budget 3", "--saveroot: the value is missing"),
    ("train demo --model.optim.lr --budget 3", "--model.optim.lr: the value is missing"),
    ("eval --load", "--load: the value is missing"),
    ("eval --load x --mode", "--mode: the value is missing"),
    ("eval-metrics --load x --num-train", "--num_train: the value is missing"),
    # a word in the wrong place or form
    ("train a/conv12 d/vec.yaml m/ae", "no config file d/vec.yaml: the config is called d/vec"),
    ("train a/conv12 d/vecs.yaml m/ae", "no config file d/vecs.yaml (did you mean d/vec"),
    ("d/vec.yaml", "no script named 'd/vec.yaml': a script comes before the configs, such as fig train d/vec.yaml"),
    ("demo", "no script named 'demo': a script comes before the configs, such as fig train demo"),
    ("eval RUNNAME", "no config named 'RUNNAME'; a run goes after a key: --load RUNNAME"),
    ("eval-metrics RUNNAME", "no config named 'RUNNAME'; a run goes after a key: --load RUNNAME"),
    ("show RUNNAME", "no config named 'RUNNAME'; a run goes after a key: --load RUNNAME"),
    ("compare RUNNAME", "no config named 'RUNNAME'; a run goes after a key: --runs RUNNAME"),
    ("train RUNNAME", "no config named 'RUNNAME'; a run goes after a key: --resume RUNNAME"),
    ("train dmo", "no config named 'dmo' (did you mean demo?)"),
    # numbers that no machine takes, places that are not there
    ("train demo --latent-dim 99999999999999999999", "latent_dim: expected a number below 2^63"),
    ("train demo --seed -99999999999999999999", "seed: expected a number below 2^63"),
    ("train demo --model.encoder.layers.99.nonlin relu", "model.encoder.layers.99: there is no item 99 in a list"),
    ("train demo --dataset.net.hidden.7 3", "dataset.net.hidden.7: there is no item 7 in a list of 3"),
    # texts that nothing takes
    (["train", "demo", "--info.extra", r'"a\0b"'], "--info.extra: not valid YAML: it has a text with a zero"),
    (["train", "demo", "--name", r'"a\ud800b"'], "--name: not valid YAML: it has a text with a zero or half a char"),
    (["train", "demo", "--name", "a\udcffb"], r"a\udcffb: not UTF-8"),
    (["train", "demo", "--saveroot", "/tmp/\udcff"], r"/tmp/\udcff: not UTF-8"),
    (["eval", "--load", "\udcff"], r"\udcff: not UTF-8"),
    (["train", "\udcff"], r"\udcff: not UTF-8"),
    # a list where a table belongs
    *((f"train demo --{table} [1]", f"{table}: expected ") for table in TABLES),
    *((f"train demo --{table} [[1],{{a: 1}}]".replace(" 1", "1"), f"{table}") for table in TABLES),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=lambda value: str(value).encode("ascii", "replace"))
def test_a_mistake_is_one_line(command, message, runs):
    words = command.split() if isinstance(command, str) else command
    with pytest.raises(UserError) as error:
        omnifig.main(words)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value) and str(error.value).isprintable()
    assert not runs.exists()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A finished run of one step."""
    root = tmp_path_factory.mktemp("template")
    return omnifig.main([*f"train {VEC} --name done --name-include-date no --saveroot {root}".split()])


@pytest.fixture
def run(template, runs):
    """A copy of it, under the save folder of the test."""
    return Path(shutil.copytree(template, runs / "done"))


@pytest.mark.slow
@pytest.mark.parametrize("value", [[1], [[1]], [{"a": 1}], "x"])
@pytest.mark.parametrize("table", TABLES)
def test_a_stored_config_with_something_else_for_a_table(table, value, run, fig):
    config = yaml.safe_load((run / "config.yaml").read_text())
    *above, last = table.split(".")
    place = config
    for key in above:
        place = place[key]
    place[last] = value
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    for command in ("eval --load done --overwrite yes", "train --resume done --budget 2 --accept-changes yes"):
        try:
            fig(command)
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("content", ["[1,2]", "null", "3", '"text"', "{", ""])
def test_results_that_are_something_else(content, run, fig):
    (run / "metrics.json").write_text(content)
    (run / "metrics.pth.tar").write_bytes(b"")
    for command in ("eval-metrics --load done --metrics unsupervised", "eval-metrics --load done"):
        with pytest.raises(UserError, match=r"metrics\.json: (damaged: not a table; move it away|cannot be read)"):
            fig(command)
    fig("runs")  # which only looks
    if content not in ("{", ""):
        fig("show --load done")


@pytest.mark.parametrize("name", ["1e5", "1.50", "yes", "0x1F", "12", "1_000", "2020-01-01"])
def test_a_name_may_look_like_a_number(name, fig, runs):
    path = fig(f"train {VEC} --include-eval no --name {name} --name-include-date no")
    assert path.name == name
    assert load_yaml((path / "config.yaml").read_text(), "config.yaml")["name"] == name
    assert fig(f"eval --load {name} --ident {name}").samples
    assert (path / f"{name}.json").is_file()


def test_a_name_may_look_like_a_pattern(fig, runs):
    for name in ("a[1]", "b"):
        fig(f"train {VEC} --include-eval no --name {name} --name-include-date no")
    assert list(fig("eval --runs a[1]")) == ["a[1]"]
    assert list(fig("eval --runs [ab]*")) == ["a[1]", "b"]


def test_values_as_they_are_typed():
    argv = ["train", "--a", "1e5", "--b", "--c=", "--d=x=y", "--e", "null"]
    assert spelled_command_line(argv) == (["train"], {"a": "1e5", "b": None, "c": "", "d": "x=y", "e": "null"})
    assert split_command_line(argv)[1] == {"a": 1e5, "b": True, "c": None, "d": "x=y", "e": None}


@pytest.mark.parametrize("text", [r'a: "x\0"', r'a: "\ud800"', r'"\0": 1', r'[1, {"a": ["\udfff"]}]'])
def test_texts_that_no_file_takes(text):
    with pytest.raises(ConfigError, match="a zero or half a character"):
        load_yaml(text, "x")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (12_345_678, "12.3 MB"),
        (5.9e9, "5.9 GB"),
        (2e12, "2.0 TB"),
    ],
)
def test_sizes_in_fitting_units(count, words):
    assert size_in_words(count) == words


def test_a_path_of_bytes_is_shown_as_one():
    assert str(cannot_use(OSError(2, "No such file", b"/a/b"))).startswith("/a/b: No such file")


def in_process_of_its_own(*words: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, *(("-c", code) if code else (str(ROOT / "main.py"),)), *words]
    variables = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=variables, cwd=ROOT)


def test_the_version(runs):
    result = in_process_of_its_own("--version")
    lines = dict(line.split() for line in result.stdout.splitlines())
    assert (result.returncode, result.stderr) == (0, "")
    assert lines["structural-autoencoders"] == own_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", lines["torch"]) and lines["python"] == sys.version.split()[0]


@pytest.mark.slow
@pytest.mark.parametrize("words", [("-h",), ("train-factor-net", "-h"), ("train", "demo", "--bugé", "3")])
def test_a_console_without_accents(words):
    result = in_process_of_its_own(*words, PYTHONIOENCODING="ascii")
    assert result.returncode in (0, 2) and "Traceback" not in result.stderr
    assert result.stderr.count("\n") == (result.returncode == 2)


@pytest.mark.slow
def test_commands_can_be_pasted(runs):
    words = [*f"train {VEC} --include-eval no --name-include-date no --name".split(), "it's a [run] é"]
    result = in_process_of_its_own(*words, OMNILEARN_SAVE_DIR=str(runs / "of mine"), PYTHONIOENCODING="utf-8")
    board, evaluate = result.stdout.split("Next:\n")[1].splitlines()
    shown = subprocess.run(["bash", "-c", f"printf '%s\\n' {board}"], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == ["tensorboard", "--logdir", str(runs / "of mine")]
    command = evaluate.strip().replace("python", sys.executable, 1)
    result = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMNILEARN_SAVE_DIR": str(runs / "of mine")},
    )
    assert result.returncode == 0, result.stderr
    assert json.loads((runs / "of mine" / "it's a [run] é" / "test_results.json").read_text())["mode"] == "test"


INTERRUPTED = """
import sys
from pathlib import Path
sys.argv[0] = "main.py"
sys.path.insert(0, ".")
def interrupted(*given, **named):
    raise KeyboardInterrupt
import {module} as module
module.{name} = interrupted
from sae_src.commands.fig import run
run(Path("."))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("omnifig", "switch_project", ("train", "demo")),  # while the project is found
        ("omnilearn.config.command_line", "load_yaml", ("train", "demo", "--budget", "3")),
        ("omnilearn.config.config_files", "read_config", ("train", "demo")),
        ("sae_src.eval_metrics.command", "load_run", ("eval-metrics", "--load", "x")),
        ("sae_src.eval_metrics.command", "load_run", ("eval-multiple-metrics", "--runs", "done")),
    ],
)
def test_an_interruption_is_no_traceback(module, name, words, run):
    code = INTERRUPTED.format(module=module, name=name)
    result = in_process_of_its_own(*words, code=code)
    assert (result.returncode, result.stderr) == (130, "")


@pytest.mark.slow
def test_an_interruption_can_be_traced():
    code = INTERRUPTED.format(module="omnilearn.config.config_files", name="read_config")
    assert "Traceback" in in_process_of_its_own("-t", "train", "demo", code=code).stderr


@pytest.mark.parametrize(
    ("program", "module", "code"),
    [("fig", "sae_src.commands.fig", 2), ("main.py", "sae_src", 2), ("mine.py", "sae_src", 1)],
)
def test_windows_is_told(program, module, code):
    start = f"import sys; sys.platform = 'win32'; sys.argv = ['{program}']; sys.path.insert(0, '.'); import {module}"
    result = in_process_of_its_own(code=start)
    assert result.returncode == code
    last = result.stderr.splitlines()[-1]
    assert last.endswith("this software runs on Linux and macOS; on Windows it runs in WSL")
    assert code == 1 or result.stderr.count("\n") == 1
