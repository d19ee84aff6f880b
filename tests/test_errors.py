"""Every mistake costs one line and exit code 2, leaves no run folder, and says what to do."""

import shutil
from pathlib import Path

import omnifig
import pytest

from omnilearn.errors import UserError
from tests.conftest import DATA, ROOT

VEC = "a/conv12 m/ae d/vec --dataset.num-samples 300 --budget 1 --viz null --device cpu"

# command, words of the message
MISTAKES = [
    # scripts, configs, the command line
    ("trian demo", "no script named 'trian' (did you mean train?)"),
    ("train dmo", "no config named 'dmo' (did you mean demo?)"),
    ("train a/e/conv13 m/ae d/vec", "no config named 'a/e/conv13' (did you mean a/e/conv1"),
    ("train base demo", "cannot be put in this order"),
    ("train demo demo", "named twice"),
    ("train demo --budget 3 hybrid", "'hybrid' stands after the keys"),
    ("train demo -x", "unknown flag -x"),
    ("train demo --", "a key is missing"),
    ("train demo --model.encoder.layers [1,", "not valid YAML"),
    ("train a/conv12 m/ae", "name a config of d/"),
    ("train d/vec", "name an architecture of a/ and a method of m/"),
    # keys
    ("train demo --bugdet 3", "--bugdet is not a key of this run (did you mean budget"),
    ("train demo --model.reg-weight 3", "--model.reg_weight is not a key"),
    ("train demo --validation.frq 3", "did you mean validation.freq"),
    ("train demo --keep 3", "--keep is not a key of this run (did you mean checkpoint.keep"),
    ("train demo --batch-size 3", "did you mean dataset.batch_size"),
    ("train demo --model.encoder.layers.0.nonlinn relu", "nonlin"),
    ("train demo --modle._type vae", "is not a key of this run"),
    ("train demo --model.encoder.layers.99.nonlin relu", "no item 99 in a list of 11"),
    # types and ranges
    ("train demo --budget ten", "budget: expected int, got 'ten'"),
    ("train demo --budget -3", "budget: must be at least 1"),
    ("train demo --budget 1.5", "budget: expected int, got 1.5"),
    ("train demo --budget null", "budget: expected int"),
    ("train demo --dataset.batch-size 0", "batch_size must be at least 1"),
    ("train demo --dataset.batch-size 1000000", "batch_size 1000000 is more than"),
    ("train demo --dataset.num-samples 0", "at least 1"),
    ("train demo --dataset.split.val 2", "split.val"),
    ("train demo --model.optim.lr fast", "model.optim.lr: expected float"),
    ("train demo --model.optim.lr -1", "model.optim: Invalid learning rate"),
    ("train demo --model.optim._type adm", "no component named 'adm' (did you mean adam"),
    ("train demo --seed -1", "seed: must be between"),
    ("train demo --seed x", "seed: expected int"),
    ("train demo --validation.freq 0", "validation.freq: must be at least 1"),
    ("train demo --checkpoint.keep 0", "checkpoint.keep: must be at least 1"),
    ("train demo --time-limit 0", "time_limit: must be more than 0"),
    ("train demo --threads 0", "threads: must be at least 1"),
    ("train demo --precision fp8", "precision: expected one of float32, bf16"),
    ("train demo --name a/b", "name: 'a/b' is not the name of a folder"),
    ("train demo --device tpu", "device: cannot use 'tpu'"),
    ("train demo --device cuda:97", "device: cannot use 'cuda:97'"),
    # models
    ("train hybrid a/e/conv12 a/d/strc/12 m/ae d/vec --latent-dim 7", "7 latents do not divide into 12 segments"),
    ("train a/ladder/12 m/vae d/vec --latent-dim 7", "do not divide"),
    ("train demo --latent-dim 0", "latent_dim must be at least 1"),
    ("train demo --model.nonlin elo", "model.nonlin: expected one of"),
    ("train demo --model._type aee", "model: no component named 'aee' (did you mean ae"),
    ("train demo --model._mod.hybird 1", "no modifier named 'hybird' (did you mean hybrid?)"),
    ("train a/dislib m/ae d/vec", "needs images"),
    ("train coord a/conv12 m/ae d/vec", "need images"),
    ("train demo --model.encoder.last.hidden <>widht", "refers to widht, which does not exist"),
    ("train demo --model.encoder 3", "model.encoder: expected a Layer component, got 3"),
    ("train demo --model.encoder._type criterion", "expected a Layer component, got the component criterion"),
    ("train demo --model.encoder.layers 3", "model.encoder.layers: expected a list of"),
    # runs
    ("eval --load nope", "no run named 'nope'"),
    ("eval", "which run?"),
    ("train a/conv12 m/ae d/vec --evaluation.ident a/b", "evaluation.ident: 'a/b' is not a file name"),
    ("train a/conv12 m/ae d/vec --evaluation.ident a{b}", "is not a file name"),
    ("train a/conv12 m/ae d/vec --evaluation.ident ..", "evaluation.ident: '..' is not a file name"),
    ("eval --load x --mod test", "--mod is not a key of this run (did you mean mode"),
    ("eval --load x --ident a/b", "is not a file name"),
    ("train --resume nope", "no run named 'nope'"),
    ("train demo --resume nope", "leave out the other configs"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES)
def test_a_mistake_is_one_line(command, message, fig, runs):
    # In this process, as the command line raises it: that the line and the exit code follow is tested below.
    with pytest.raises(UserError) as error:
        fig(command)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not runs.exists() or not any(runs.iterdir())


@pytest.mark.parametrize(
    "command", ["train demo --budget ten", "trian demo", "eval --load nope", "train a/dislib m/ae d/vec"]
)
def test_the_process_says_one_line_and_exits_with_2(command, shell):
    result = shell(command)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_a_traceback_is_there_for_the_asking(shell):
    result = shell("-t train demo --budget ten")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A finished run of one step."""
    root = tmp_path_factory.mktemp("template")
    return omnifig.main([*f"train {VEC} --name done --name-include-date no --saveroot {root}".split()])


@pytest.fixture
def run(template, runs):
    """A copy of a finished run of one step, under the save folder of the test."""
    return Path(shutil.copytree(template, runs / "done"))


BROKEN_CONFIGS = [
    ("a: [1", "not valid YAML"),
    ("- 1", "top level must be a table"),
    ("a: !!python/object/apply:os.system [true]", "not valid YAML"),
    ("a: 1\na: 2", "stands twice"),
    ("", "there is no dataset|needs a value for budget"),
    ("budget: 2\ndataset: 3\nmodel: {_type: ae}", "there is no dataset"),
    ("model: {_model_type: ae}", "published run lacks"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN_CONFIGS)
def test_a_damaged_config_of_a_run(text, message, run, fig):
    (run / "config.yaml").write_text(text)
    for command in ("eval --load done", "train --resume done"):
        with pytest.raises(UserError, match=message):
            fig(command)


def test_a_run_without_checkpoints(run, fig):
    shutil.rmtree(run / "ckpt1")
    with pytest.raises(UserError, match="no checkpoint yet"):
        fig("eval --load done")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("--seed 3", "the run's value is 0"),
        ("--reg-wt 3", "the run's value is 0"),
        ("--override.model.nonlin relu", "the run's value is elu"),
        ("--dataset.batch-size 3", "the run's value is 128"),
        ("", "give it more with --budget"),
        ("--budget 1", "give it more with --budget"),
        ("--budget many", "expected int"),
        ("--bugdet 3", "not set"),
    ],
)
def test_resuming_must_stay_the_same_experiment(keys, message, run, fig):
    with pytest.raises(UserError, match=message):
        fig(f"train --resume done {keys}")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", (DATA / "golden_trace.json").read_bytes()])
def test_a_checkpoint_that_is_none(content, run, fig):
    (run / "ckpt1" / "model.pth.tar").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        fig("eval --load done")


def test_nothing_is_written_where_it_may_not(shell, tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    result = shell(f"train {VEC} --saveroot {place / 'below'}")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in result.stderr or "not a folder" in result.stderr


def test_the_current_folder_need_not_be_writable(shell, runs):
    result = shell(f"train {VEC} --include-eval no", cwd="/proc/self")
    assert result.returncode == 0, result.stderr
    assert ROOT.is_dir()
