"""A signal while pictures are drawn: saved before the next piece of work; the pictures are drawn on resuming, once."""

import itertools
import os
import shutil
import signal
import time
from pathlib import Path

import omnifig
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from omnilearn.runs.checkpoint import checkpoint_steps
from omnilearn.training.interruption import STOPPED, Interruption, Stop
from sae_src.methods import Autoencoder, mean_of
from sae_src.pictures.picture import Scene
from tests.omnilearn.training.test_resume import METHODS, assert_same

KEYS = (
    "--dataset.num-samples 400 --dataset.batch-size 32 --budget 8 --checkpoint.freq 4 --validation.freq 6 --viz.freq 3 "
    "--records.freq 2 --print null --force-viz yes --latent-dim 3 --name-include-date no --device cpu --threads 1"
)
TRAIN = f"train {METHODS['vae']} {KEYS}"
pytestmark = pytest.mark.slow


def everything(run: Path) -> list[tuple]:
    """Every point and picture that TensorBoard has of a run, doubled ones included, without times and what names it."""
    found = []
    for path in sorted(run.glob("events.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if not value.tag.startswith(("time-", "command/", "config/", "machine/", "_hparams_/session_start")):
                    found.append((value.tag, event.step, value.tensor.SerializeToString()))
    return sorted(found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return omnifig.main([*f"{TRAIN} --saveroot {tmp_path_factory.mktemp('whole')} --name whole".split()])


def interrupt_at(question: int, monkeypatch) -> None:
    """Let the training be asked to stop when it looks for a reason for the given time."""
    asked = itertools.count(1)
    monkeypatch.setattr(Interruption, "reason", lambda self: Stop(STOPPED, "-") if next(asked) == question else None)


# There is one question after each step, and one before each batch of a validation, each picture and each piece of one.
# The pictures of steps 3 and 6, the validations after steps 6 and 8, and the evaluation are hit.
@pytest.mark.parametrize("question", [2, 5, 8, 30, 57, 90, 130, 200])
def test_nothing_is_lost_or_doubled(question, whole, runs, fig, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(question, patch)
        with pytest.raises(Stop) as stop:
            fig(f"{TRAIN} --name cut")
    assert stop.value.code == STOPPED
    cut = fig("train --resume cut")
    assert_same(whole, cut)
    assert everything(cut) == everything(whole)


def test_interrupted_again_and_again(whole, runs, fig, monkeypatch):
    words, resumed = f"{TRAIN} --name cut", 0
    for question in itertools.cycle([11, 3, 36, 2, 90]):
        with monkeypatch.context() as patch:
            interrupt_at(question, patch)
            try:
                cut = fig(words)
                break
            except Stop:
                words, resumed = "train --resume cut", resumed + 1
    assert resumed > 5
    assert_same(whole, cut)
    assert everything(cut) == everything(whole)


def test_it_is_saved_before_the_next_piece_of_a_picture(runs, fig, monkeypatch):
    decode, pieces, signalled = Scene.decode, [], []

    def send_a_signal(self, latents):
        self.may_stop()
        pieces.append(time.monotonic())
        if len(pieces) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            signalled.append(time.monotonic())
        return decode(self, latents)

    monkeypatch.setattr(Scene, "decode", send_a_signal)
    with pytest.raises(Stop, match="4"):
        fig(f"{TRAIN} --name cut")
    assert len(pieces) == 3
    step = checkpoint_steps(runs / "cut")[-1]
    assert step == 3 or step == 6  # where pictures are drawn
    assert (runs / "cut" / f"ckpt{step}").stat().st_mtime - time.time() < 30


def test_pieces_are_no_larger_than_a_batch(whole, fig, runs, monkeypatch):
    decode, sizes = Autoencoder.decode, []

    def noted(self, latents):
        sizes.append(len(mean_of(latents)))
        return decode(self, latents)

    run = shutil.copytree(whole, runs / "copy")
    monkeypatch.setattr(Autoencoder, "decode", noted)
    fig(f"eval --load {run} --device cpu --ident again")
    assert max(sizes) <= 32 and len(sizes) > 25
