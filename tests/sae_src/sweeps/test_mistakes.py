"""What `fig sweep` refuses before it begins: words without effect, and commands that could not run."""

import shlex

import pytest

from omnilearn.config.command_line import parse_value
from omnilearn.errors import UserError
from sae_src.sweeps.plan import terms
from sae_src.sweeps.sweep_file import read_sweep

KEYS = "--dataset.num-samples 60 --dataset.batch-size 12 --viz null --device cpu"


@pytest.fixture
def sweep(fig, tmp_path):
    def run(words: str, **changes: str):
        table = {"models": "{A: a/conv12 m/ae}", "data": f"d/vec {KEYS}", "keys": "{budget: 2}", **changes}
        lines = "".join(f"  {key}: {value}\n" for key, value in table.items())
        (tmp_path / "mine.yaml").write_text(f"sweep:\n{lines}")
        return fig(f"sweep {tmp_path / 'mine.yaml'} {words}")

    return run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--workers 1e9", "workers: must be from 1 to 1000"),
        ("--only []", "only: names no run"),
        ("--print yes --pack x.tar", "--print and --pack: ask for one at a time"),
        ("--pack x.tar --unpack x.tar", "--pack and --unpack: ask for one"),
        ("--print yes --workers 2", "workers: has no effect with --print"),
        ("--sbatch x.sh --gpus 0", "gpus: has no effect with --sbatch"),
        ("--unpack x.tar --only 1", "only: has no effect with --unpack"),
        ("--pack x.tar --accept-changes yes", "accept_changes: has no effect with --pack"),
        ("--print yes --retry failed", "retry: has no effect with --print"),
        ("--slurm.time 1 --workers 2", "workers: has no effect with --submit"),
        ("--slurm.time 1 --print", "slurm: has no effect with --print"),
        ("--slurm", "slurm.time is missing"),
        ("--sbatch x.sh --slurm.time [1]", "slurm.time: must be text, a number"),
        ("--sbatch x.sh --slurm.exclusive no", "slurm.exclusive: must be text, a number"),
    ],
)
def test_words_without_effect(words, message, sweep, runs):
    with pytest.raises(UserError) as error:
        sweep(words)
    assert str(error.value).startswith(message) and not runs.exists()


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("eval --mod test", "then: eval --mod test: --mod is not a key of this run"),
        ("eval --ident config", "then: eval --ident config: ident: 'config' is a name that a run uses itself"),
        ("eval --ident ../x", "is not a file name"),
        ("eval --step-limit 0", "step_limit: must be at least 1"),
        ("eval --mode", "--mode: the value is missing"),
        ("eval-metrics --num-trian 3", "then: eval-metrics --num-trian 3: --num_trian is not a key"),
        ("eval-metrics nope", "then: eval-metrics nope: no config named 'nope'"),
        ("eval --mode test, eval --mode test --step-limit 3", "write the same results: give one an --ident"),
        ("eval-metrics, eval-metrics eval/fast", "write the same results: give one an --save-ident"),
        ("eval-metrics, eval --ident metrics", "write the same results"),
    ],
)
def test_what_comes_after_training_is_known_to_run(then, message, sweep, runs):
    with pytest.raises(UserError) as error:
        sweep("--print yes", then=f"[{then}]")
    assert message in str(error.value) and "\n" not in str(error.value) and not runs.exists()


def test_a_part_of_the_data_that_is_not_there(sweep, runs):
    with pytest.raises(UserError, match="there is no part 'tset'"):
        sweep("", then="[eval --mode tset]")
    assert not list(runs.glob("*/config.yaml"))


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("{A: a/conv12}", "A: the method is missing"),
        ("{A: m/ae}", "A: the architecture is missing"),
        ("{A: ''}", "A: the architecture and the method are missing"),
        ("{A: a/conv12 m/ae --reg-wt}", "--reg-wt: the value is missing"),
        ("{'': a/conv12 m/ae}", "is not the name of a model"),
        ("{null: a/conv12 m/ae}", "is not the name of a model"),
        ('{"a\\e[31m": a/conv12 m/ae}', "is not the name of a model"),
        ('{"a\\nb": a/conv12 m/ae}', "is not the name of a model"),
    ],
)
def test_models_that_are_none(models, message, sweep):
    with pytest.raises(UserError) as error:
        sweep("--print yes", models=models)
    assert message in str(error.value)


def test_a_config_is_not_taken_for_a_sweep(fig):
    with pytest.raises(UserError, match=r"demo\.yaml: not a sweep"):
        fig("sweep demo")


@pytest.mark.parametrize("value", ["é😀", ["😀", 1], float("inf"), -float("inf"), "a b", '"', "--x", "1e5", None, True])
def test_values_are_read_back_as_they_were(value):
    _, text = shlex.split(shlex.join(terms({"key": value})))
    assert parse_value(text, "key") == value


def test_a_command_is_shown_as_it_can_be_pasted(monkeypatch):
    from sae_src.sweeps import command

    monkeypatch.setattr(
        "sys.argv", ["fig", "sweep", "my sweep.yaml", "--retry=failed", "--retry", "failed", "--workers", "2"]
    )
    assert command._again() == "'my sweep.yaml' --workers 2"


def test_a_sweep_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text("sweep: {models: {1: a/conv12 m/ae}, data: d/vec}")
    assert list(read_sweep(tmp_path / "a.yaml").models) == ["1"]


@pytest.mark.parametrize(
    ("keys", "twice"),
    [
        ("{reg-wt: 1, reg_wt: 2}", "reg_wt"),
        ("{model.optim.lr: 1, model: {optim: {lr: 2}}}", "model.optim.lr"),
        ("{a-b.c: 1, a_b: {c: [2, 3]}}", "a_b.c"),
    ],
)
def test_a_key_that_stands_twice(keys, twice, sweep):
    with pytest.raises(UserError, match=f"sweep.keys: {twice} stands twice"):
        sweep("--print yes", keys=keys)


@pytest.mark.parametrize("words", ["sweep/vec", "a/conv12 m/ae d/vec sweep/vec"])
def test_a_sweep_is_no_config_of_a_run(words, fig):
    with pytest.raises(UserError, match="fig sweep FILE makes them"):
        fig(f"train {words} --budget 2")


def test_a_key_without_values_makes_no_runs(sweep, runs):
    with pytest.raises(UserError, match=r"sweep\.keys: budget has no values to cross"):
        sweep("", keys="{budget: []}")
    assert not runs.exists()
