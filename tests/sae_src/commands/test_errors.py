"""Every mistake costs one line and exit code 2, leaves no run folder, and says what to do."""

import resource
import shutil
from pathlib import Path

import omnifig
import pytest
import yaml

from omnilearn.config import dump_yaml
from omnilearn.errors import UserError
from tests.command_lines import with_keys
from tests.conftest import REFERENCE, ROOT

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
    (
        "train demo --model.encoder.layers.99.nonlin relu",
        "model.encoder.layers.99: there is no item 99 in a list of 11",
    ),
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
    ("train demo --threads 0", "threads: must be from 1 to"),
    ("train demo --precision fp8", "precision: expected one of float32, bf16"),
    ("train demo --threads 100000", "threads: must be from 1 to"),
    ("train demo --device meta", "device: expected cpu, cuda"),
    ("train demo --model.criterion.ident bce", "do not fit the data"),
    ("train demo --dataset.out-dim 0", "out_dim must be at least 1"),
    ("train demo --dataset.num-samples 1e15", "more than the memory holds"),
    ("train demo --latent-dim 100000000000", "model"),
    ("train demo --model.encoder.last.width -3", "model"),
    ("train demo --dataset._mod.hybrid 1", "_mod does not fit random-net"),
    ("train demo --dataset.split.val 0.0000001", "observations is less than one; 1"),
    ("train demo --dataset.split.train 0.1", "that name is taken"),
    ("train demo --validation.mode tset", "there is no part 'tset'"),
    ("train demo --evaluation.mode nope", "there is no part 'nope'"),
    ("train demo --reg-wt .nan", "reg_wt must be a number from 0 up"),
    ("train demo --reg-wt -1", "reg_wt must be a number from 0 up"),
    ("train demo --din 3", "--din: the size of the observations"),
    ("train demo --_base foo", "--_base: name configs before the keys"),
    ("train demo --model.encoder.layers.0.width 0", "width must be at least 1"),
    ("_", "which script?"),
    ("train demo ---budget 3", "a key is missing"),
    ("train demo --.budget 3", "a key is missing"),
    ("train demo --budget !!int_x", "not valid YAML"),
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
    ("train demo --model.encoder.layers.0 <!>model", "refers to itself"),
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


def test_a_key_can_choose_a_component(fig):
    chosen = "--model._type wae --model.optim._type sgd --dataset._type random-scm"
    config = (fig(f"train {VEC} --validation null {chosen}") / "config.yaml").read_text()
    assert all(f"_type: {name}" in config for name in ("wae", "sgd", "random-scm"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["train demo --budget ten", "trian demo", "eval --load nope", "train a/dislib m/ae d/vec"]
)
def test_the_process_says_one_line_and_exits_with_2(command, shell):
    result = shell(command)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
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


# Nine references to the line above in every line: a billion values in a few hundred bytes.
ALIASES = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
BROKEN_CONFIGS = [
    ("a: [1", "not valid YAML"),
    ("- 1", "top level must be a table"),
    ("a: !!int x", "not valid YAML"),
    ("a: !!timestamp x", "not valid YAML"),
    ("a: !!map 3", "not valid YAML"),
    ("a: &a [*a]", "not valid YAML"),
    (
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)),
        "not valid YAML",
    ),
    ("a: !!python/object/apply:os.system [true]", "not valid YAML"),
    ("a: 1\na: 2", "stands twice"),
    ("", "there is no dataset|needs a value for budget"),
    ("budget: 2\ndataset: 3\nmodel: {_type: ae}", "there is no dataset"),
    ("model: {_model_type: ae}", "published run lacks|written by the published system"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN_CONFIGS)
def test_a_damaged_config_of_a_run(text, message, run, fig):
    (run / "config.yaml").write_text(text)
    for command in ("eval --load done", "train --resume done"):
        with pytest.raises(UserError, match=message):
            fig(command)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("eval demo --load done", "leave out the other configs"),
        ("eval --load done --step-limit 0", "step_limit: must be at least 1"),
        ("eval --load done --ident ../x", "is not a file name"),
        ("eval --load done --fid.n-samples 10", "this run measures none; --override.fid._type fid"),
        ("eval --load done --fid null --skip-rec-fid yes --mode nope", "there is no part 'nope'"),
    ],
)
def test_mistakes_about_a_run(words, message, run, fig):
    with pytest.raises(UserError, match=message):
        fig(words)


def test_a_stored_config_cannot_write_elsewhere(run, fig, runs):
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(f"{config}\nevaluation: {{ident: ../x}}\n")
    with pytest.raises(UserError, match="is not a file name"):
        fig("train --resume done --budget 2 --accept-changes yes")
    assert not list(runs.glob("x*"))


@pytest.mark.slow
def test_a_name_that_no_disk_takes(shell):
    result = shell(f"eval --load {'x' * 300}")
    assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr


@pytest.mark.slow
def test_a_disk_that_fills_while_curves_are_written(shell):
    def little_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = with_keys(f"train {VEC}".replace("--viz null ", ""), "--budget 20 --viz.freq 1 --checkpoint.freq null")
    result = shell(command, preexec_fn=little_space)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert "File too large" in result.stderr


@pytest.mark.slow
def test_log_messages_are_whole(shell, runs):
    result = shell("train a/conv12 m/vae d/vec --reg-wt 0 --dataset.num-samples 300 --budget 1 --viz null --device cpu")
    assert (result.returncode, result.stderr) == (0, "WARNING: a VAE needs a reg_wt above 0: using 1 instead of 0\n")


def test_a_run_without_checkpoints(run, fig):
    shutil.rmtree(run / "ckpt1")
    with pytest.raises(UserError, match="no checkpoint any more"):
        fig("eval --load done")
    with pytest.raises(UserError, match="its checkpoints are gone: there is nothing to go on from"):
        fig("train --resume done")
    info = yaml.safe_load((run / "info.yaml").read_text())
    (run / "info.yaml").write_text(dump_yaml({**info, "completed": None}))
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
        ("--budget _x_", "can be replaced, not removed"),
        ("--override.seed _x_", "can be replaced, not removed"),
        ("--evaluation.ident ../x --budget 2", "is not a file name"),
    ],
)
def test_resuming_must_stay_the_same_experiment(keys, message, run, fig):
    with pytest.raises(UserError, match=message):
        fig(f"train --resume done {keys}")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", (REFERENCE / "golden_trace.json").read_bytes()])
def test_a_checkpoint_that_is_none(content, run, fig):
    (run / "ckpt1" / "model.pth.tar").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        fig("eval --load done")


@pytest.mark.slow
def test_nothing_is_written_where_it_may_not(shell, tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    result = shell(f"train {VEC} --saveroot {place / 'below'}")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in result.stderr or "not a folder" in result.stderr


@pytest.mark.slow
def test_the_current_folder_need_not_be_writable(shell, runs):
    result = shell(f"train {VEC} --include-eval no", cwd="/proc/self")
    assert result.returncode == 0, result.stderr
    assert ROOT.is_dir()
