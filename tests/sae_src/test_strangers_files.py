"""Links, pipes and folders where files of a run belong: nothing elsewhere changes, and nothing waits for ever."""

import os
import shutil
import signal
from pathlib import Path

import omnifig
import pytest

from omnilearn.errors import UserError

TRAIN = (
    "train a/conv12 m/ae d/vec --latent-dim 3 --dataset.num-samples 300 --budget 2 --checkpoint.freq 1 --viz null "
    "--device cpu --name-include-date no --name theirs"
)
METRICS = (
    "eval-metrics --metrics unsupervised --num-train 8 --num-test 8 --num-latent 8 --num-response 4 --device cpu "
    "--load theirs --force-save yes --override.dataset.num-samples 300"
)
COMMANDS = {
    "eval": "eval --load theirs --device cpu --ident again",
    "metrics": METRICS,
    "resume": "train --resume theirs --budget 3",
}
PLACES = [
    ".lock",
    "config.yaml",
    "info.yaml",
    "again.json",
    "again.pth.tar",
    "metrics.json",
    "metrics.pth.tar",
    "figures",
    "figures/metrics_cov.pdf",
    "figures/metrics_cov.png",
    "ckpt2",
    "ckpt2/checksums.json",
    "ckpt2/model.pth.tar",
    "ckpt2/training.pth.tar",
    "ckpt3",
    "damaged-ckpt2",
    "events.out.tfevents.1.theirs",
    ".again.json.PROCESS.tmp",
    ".ckpt3.PROCESS.tmp",
    ".ckpt2.1.gone",
]


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A run of two steps."""
    return omnifig.main([*f"{TRAIN} --saveroot {tmp_path_factory.mktemp('template')}".split()])


@pytest.fixture
def theirs(template, runs) -> Path:
    return Path(shutil.copytree(template, runs / "theirs"))


@pytest.fixture
def home(tmp_path) -> Path:
    """The user's own files."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "bashrc").write_text("mine")
    (home / "folder").mkdir()
    (home / "folder" / "doc").write_text("mine")
    return home


@pytest.fixture(autouse=True)
def _in_time():
    """End a test that waits for ever."""

    def end(number, frame):
        raise AssertionError("it hangs")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(60)
    yield
    signal.alarm(0)


def contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() if path.is_file() else "-" for path in folder.rglob("*")}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["link to a file", "link to a folder", "pipe"])
@pytest.mark.parametrize("place", PLACES)
def test_nothing_elsewhere_changes_and_nothing_waits(place, what, theirs, home, fig):
    path = theirs / place.replace("PROCESS", str(os.getpid()))
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(home / {"link to a file": "bashrc", "link to a folder": "folder"}[what])
    before = contents(home)
    for command in COMMANDS.values():
        try:
            fig(command)
        except UserError as error:
            assert "\n" not in str(error)
    assert contents(home) == before


@pytest.mark.parametrize("place", [".lock", "config.yaml", "figures", "ckpt2/model.pth.tar"])
def test_it_is_named(place, theirs, home, fig):
    path = theirs / place
    path.unlink(missing_ok=True)
    path.symlink_to(home / ("folder" if place == "figures" else "bashrc"))
    command = {".lock": "resume", "figures": "metrics"}.get(place, "eval")
    words = f"{COMMANDS[command]} --ckpt-num 2" if place.startswith("ckpt") else COMMANDS[command]
    with pytest.raises(UserError, match="regular file"):
        fig(words)
    assert contents(home)[str(home / "bashrc")] == "mine"


def test_a_checkpoint_elsewhere_is_not_one_of_the_run(theirs, home, fig, capsys):
    shutil.move(theirs / "ckpt2", home / "ckpt2")
    (theirs / "ckpt2").symlink_to(home / "ckpt2")
    fig(COMMANDS["eval"])
    assert "theirs, ckpt1:" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_may_be_reached_through_a_link(theirs, runs, tmp_path, fig):
    shutil.move(theirs, tmp_path / "big disk")
    theirs.symlink_to(tmp_path / "big disk")
    for command in COMMANDS.values():
        fig(command)
    assert (tmp_path / "big disk" / "again.json").is_file()
    assert (tmp_path / "big disk" / "figures" / "metrics_cov.pdf").is_file()


def test_the_users_own_folder_of_figures_may_be_a_link(theirs, home, fig):
    (home / "link").symlink_to(home / "folder")
    fig(f"{METRICS} --figure-dir {home / 'link'}")
    assert (home / "folder" / "theirs_cov.pdf").is_file()
