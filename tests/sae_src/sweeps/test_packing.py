"""A sweep carried to another machine."""

import io
import os
import shutil
import subprocess
import tarfile

import omnifig
import pytest

from omnilearn.config import dump_yaml
from omnilearn.errors import UserError
from omnilearn.locks import is_being_trained, sole_writer
from omnilearn.runs.info import read_info
from sae_src.sweeps.existing import ExistingRuns, is_trained
from sae_src.sweeps.packing import pack, unpack
from sae_src.sweeps.plan import jobs_of
from sae_src.sweeps.steps import steps_left
from sae_src.sweeps.sweep_file import read_sweep

KEYS = "--dataset.num-samples 600 --viz null --device cpu"
TEXT = f"sweep: {{models: {{A: hybrid a/conv12 m/ae}}, data: d/vec {KEYS}, keys: {{budget: 4}}, seed: [0, 1]}}"


@pytest.fixture
def jobs(tmp_path):
    (tmp_path / "small.yaml").write_text(TEXT)
    return jobs_of(read_sweep(tmp_path / "small.yaml"))


def test_there_and_back(jobs, fig, runs, tmp_path):
    run = fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --budget 4 --checkpoint.freq 2 --name one")
    file = tmp_path / "packed.tar"
    assert pack(jobs, ExistingRuns(runs), file) == 1
    there = ExistingRuns(tmp_path / "there")
    assert unpack(file, there) == [run.name]
    carried = there.root / run.name
    assert {path.name for path in carried.iterdir() if path.name.startswith("ckpt")} == {"ckpt4"}
    assert is_trained(carried)
    assert (carried / "ckpt4" / "model.pth.tar").read_bytes() == (run / "ckpt4" / "model.pth.tar").read_bytes()
    assert steps_left(jobs[0], there.find(jobs[0].identity), [], there.root) == []
    assert unpack(file, there) == []
    (carried / "ckpt4").rename(carried / "gone")
    assert unpack(file, there) == [f"{run.name}_2"]
    assert sorted(path.name for path in there.root.iterdir()) == [run.name, f"{run.name}_2"]
    with sole_writer(run), pytest.raises(UserError, match="being trained"):
        pack(jobs, ExistingRuns(runs), file)


@pytest.mark.slow
def test_a_run_that_a_gpu_has_begun_goes_on_without_one(fig, runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # for the processes of the sweep too
    text = TEXT.replace(" --device cpu", "").replace("budget: 4", "budget: 4, compile: auto").replace("[0, 1]", "0")
    (tmp_path / "small.yaml").write_text(text)
    keys = f"{KEYS.replace(' --device cpu', '')} --budget 4 --compile auto --seed 0"
    with pytest.raises(SystemExit):
        fig(f"train hybrid a/conv12 m/ae d/vec {keys} --name one --name-include-date no --time-limit 1e-9")
    config = runs / "one" / "config.yaml"
    config.write_text(config.read_text().replace("device: cpu", "device: cuda"))
    fig(f"sweep {tmp_path / 'small.yaml'} --print yes --accept-changes yes")
    assert "train --resume one --accept-changes yes --device null" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"^1 of 1 run failed"):
        fig(f"sweep {tmp_path / 'small.yaml'}")
    fig(f"sweep {tmp_path / 'small.yaml'} --retry failed --accept-changes yes")
    assert is_trained(runs / "one") and "device: cpu" in config.read_text()


def test_a_finished_run_is_more_than_one_that_was_interrupted(jobs, fig, runs, tmp_path):
    run = fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --budget 4 --checkpoint.freq 2 --name one")
    there = ExistingRuns(tmp_path / "there")
    part = shutil.copytree(run, there.root / "part")
    shutil.rmtree(part / "ckpt4")
    info = read_info(part)
    del info["completed"]
    (part / "info.yaml").write_text(dump_yaml(info))
    for checkpoint in run.glob("ckpt*"):
        shutil.rmtree(checkpoint)
    pack(jobs, ExistingRuns(runs), tmp_path / "packed.tar")
    assert unpack(tmp_path / "packed.tar", there) == [run.name]


@pytest.mark.parametrize("action", ["pack", "unpack", "sbatch"])
def test_no_name_is_no_file(action, fig, tmp_path, jobs):
    with pytest.raises(UserError, match=f"{action}: names no file"):
        omnifig.main(["sweep", str(tmp_path / "small.yaml"), f"--{action}", ""])


def test_a_killed_pack_leaves_nothing_to_the_next_and_a_pipe_stays(jobs, fig, runs, tmp_path):
    fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --budget 4 --name one --include-eval no")
    left = tmp_path / f".packed.tar.{2**22 + 1}.tmp"
    left.touch()
    pack(jobs, ExistingRuns(runs), tmp_path / "packed.tar")
    assert not left.exists() and (tmp_path / "packed.tar").is_file()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular file"):
        pack(jobs, ExistingRuns(runs), tmp_path / "pipe")


def test_runs_of_another_sweep_are_named(jobs, fig, runs, tmp_path, capsys):
    fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --budget 4 --name one --name-include-date no --include-eval no")
    pack(jobs, ExistingRuns(runs), tmp_path / "packed.tar")
    for text, is_told in ((TEXT, False), (TEXT.replace("budget: 4", "budget: 5"), True)):
        (tmp_path / "other.yaml").write_text(text)
        words = f"--saveroot {tmp_path / str(is_told)} --unpack {tmp_path / 'packed.tar'}"
        fig(f"sweep {tmp_path / 'other.yaml'} {words}")
        out = capsys.readouterr().out
        assert "1 run unpacked" in out
        assert (f"note: 1 run of them not of {tmp_path / 'other.yaml'}: one" in out) == is_told


def test_nothing_to_pack(jobs, runs, tmp_path):
    with pytest.raises(UserError, match="nothing to pack"):
        pack(jobs, ExistingRuns(runs), tmp_path / "x.tar")


@pytest.mark.parametrize(
    "name", ["../x/config.yaml", "/x/config.yaml", "run/../../x", "run/a/b", "run/.lock", "x", "_sweeps/config.yaml"]
)
def test_files_from_strangers(runs, tmp_path, name):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(UserError, match="does not belong"):
        unpack(tmp_path / "x.tar", ExistingRuns(runs))
    assert list(runs.iterdir()) == []


def test_files_that_are_none(runs, tmp_path):
    (tmp_path / "x.tar").write_text("nothing")
    for name in ("x.tar", "y.tar"):
        with pytest.raises(UserError, match=rf"{name}: (not a packed|there is no)"):
            unpack(tmp_path / name, ExistingRuns(runs))


def test_what_a_killed_process_has_unpacked_is_removed(runs, tmp_path):
    file = packed(tmp_path / "x.tar", ("a/config.yaml", b"seed: 0\nbudget: 2"))
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = [runs / f".unpacking.{number}.tmp" for number in (os.getpid(), ended.pid)]  # numbers are used again
    at_work = [runs / f".unpacking.{os.getppid()}.tmp", runs / f".unpacking.{2**40}.tmp"]  # the last on another machine
    for folder in (*left, *at_work):
        (folder / "a").mkdir(parents=True)
        os.utime(folder, (0, 0))
    with sole_writer(at_work[1]):
        assert unpack(file, ExistingRuns(runs)) == ["a"]
    assert sorted(runs.iterdir()) == sorted([*at_work, runs / "a"])
    assert sorted(path.name for path in (runs / "a").iterdir()) == ["config.yaml"]


def test_another_machine_leaves_what_is_being_unpacked(runs, tmp_path):
    class Existing(ExistingRuns):
        def find(self, identity):
            assert is_being_trained(runs / f".unpacking.{os.getpid()}.tmp")

    file = packed(tmp_path / "x.tar", ("a/config.yaml", b"seed: 0\nbudget: 2"))
    assert unpack(file, Existing(runs)) == ["a"]


def test_every_run_is_looked_at_for_being_trained(jobs, tmp_path):
    folders = {job.identity: tmp_path / f"run{job.seed}" for job in jobs}

    class Existing(ExistingRuns):
        def find(self, identity):
            return folders[identity]

    for folder in folders.values():
        folder.mkdir()
    for folder in folders.values():
        with sole_writer(folder), pytest.raises(UserError, match=f"{folder.name} is being trained"):
            pack(jobs, Existing(tmp_path), tmp_path / "packed.tar")


def packed(path, *members: tuple[str, bytes]):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([], "it holds no run"),
        ([("run/a", b"x"), ("run/a", b"y")], "'run/a' does not belong"),
        ([("run/ckpt1", b"x"), ("run/ckpt1/model.pth.tar", b"y")], "'run/ckpt1/model.pth.tar' does not belong"),
        ([("run/" + "x" * 300, b"x")], "does not belong"),
        ([("a/config.yaml", b"seed: 0"), ("b/info.yaml", b"x")], "b/config.yaml: cannot be read"),
        ([("a/config.yaml", b"seed: 0"), ("b/config.yaml", b"[")], "b/config.yaml: not valid YAML"),
    ],
)
def test_packed_files_that_were_made_up(runs, tmp_path, members, message):
    with pytest.raises(UserError, match=message):
        unpack(packed(tmp_path / "x.tar", *members), ExistingRuns(runs))
    assert list(runs.iterdir()) == []


def test_what_is_no_file_is_not_waited_for(runs, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(UserError, match="not a regular file"):
            unpack(path, ExistingRuns(runs))
