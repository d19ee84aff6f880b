"""Cutting back the curves of a run that goes on: each point is there once, and none is lost."""

import os

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.tensorboard.rewinding import forget_after
from omnilearn.tensorboard.writer import TensorBoardWriter


def write(folder, *points: tuple[str, int]) -> None:
    with TensorBoardWriter(folder) as writer:
        for tag, step in points:
            writer.scalar(tag, 0.5, step)


def points(folder) -> set[tuple[str, int]]:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {(tag, event.step) for tag in found.Tags()["scalars"] for event in found.Scalars(tag)}


def test_what_came_later_goes(tmp_path):
    write(tmp_path, ("loss/train", 4), ("loss/train", 5), ("loss/train", 6), ("eval/loss", 5))
    forget_after(tmp_path, 5)
    assert points(tmp_path) == {("loss/train", 4), ("loss/train", 5), ("eval/loss", 5)}


def test_an_evaluation_that_is_made_again_goes_and_no_curve_of_the_training(tmp_path):
    write(tmp_path, ("rec/train", 5), ("rec/val", 5), ("rec/loss", 4), ("rec/loss", 5), ("eval/loss", 5))
    forget_after(tmp_path, 5, prefix="rec/", but=["/train", "/val"])
    assert points(tmp_path) == {("rec/train", 5), ("rec/val", 5), ("rec/loss", 4), ("eval/loss", 5)}


def test_a_torn_end_goes_and_links_stay_unread(tmp_path):
    run, home = tmp_path / "run", tmp_path / "home"
    write(run, ("loss/train", 1), ("loss/train", 2))
    write(home, ("loss/train", 9))
    (theirs,) = home.iterdir()
    before = theirs.read_bytes()
    (run / "events.out.tfevents.0.link").symlink_to(theirs)
    os.mkfifo(run / "events.out.tfevents.0.pipe")
    (ours,) = (path for path in run.iterdir() if path.is_file() and not path.is_symlink())
    ours.write_bytes(ours.read_bytes()[:-5])
    forget_after(run, 2)
    assert theirs.read_bytes() == before and (run / "events.out.tfevents.0.link").is_symlink()
    (run / "events.out.tfevents.0.link").unlink()
    (run / "events.out.tfevents.0.pipe").unlink()
    assert points(run) == {("loss/train", 1)}


def test_files_without_change_stay_as_they_are(tmp_path):
    write(tmp_path, ("loss/train", 1))
    (path,) = tmp_path.iterdir()
    before = path.stat().st_ino
    forget_after(tmp_path, 3)
    assert path.stat().st_ino == before
