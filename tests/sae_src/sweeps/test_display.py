"""What a sweep shows: lines in place on a terminal, a line now and then elsewhere."""

import sys

import pytest

from sae_src.sweeps import display
from sae_src.sweeps.display import AtWork, Display


@pytest.mark.parametrize("on_terminal", [True, False])
def test_display(monkeypatch, capsys, on_terminal):
    now = [1000.0]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal, raising=False)
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(display, "_BETWEEN_LINES", 60.0)
    show = Display(total=10, done=2)
    show.event("A seed 0: train")
    show.update(2, 0, [AtWork("A seed 0", "step 0/10", 0.0)])
    now[0] += 30
    show.update(2, 0, [AtWork("A seed 0", "step 5/10", 0.5)])
    now[0] += 45
    show.update(3, 1, [AtWork("B seed 0", "starting", None)])
    show.close()
    out = capsys.readouterr().out
    assert out.startswith("A seed 0: train\n")
    last = "3 of 10 done, 1 failed, 7:30 left"  # one run in 75 s, six to go
    if on_terminal:
        assert "2 of 10 done, 7:30 left\n  A seed 0: step 5/10\n" in out  # half a run in 30 s, seven and a half to go
        assert f"\x1b[2A\x1b[J{last}\n  B seed 0: starting\n" in out
        assert out.endswith("\x1b[2A\x1b[J")
    else:
        assert "\x1b" not in out
        assert out.endswith(f"train\n{last}; B seed 0: starting\n")


def test_time_left_counts_what_is_made_here_only(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    show = Display(total=3, done=0)

    def after(seconds, done, failed, *running):
        now[0] += seconds
        show.update(done, failed, [AtWork(*run) for run in running])
        return capsys.readouterr().out

    after(1, 0, 0, ("A", "starting", None), ("B", "starting", None))
    after(1, 0, 0, ("A", "step 4/10", 0.4), ("B", "step 8/10", 0.8))
    # 0.1 and 0.1 of a run in 62 s; 0.5, 0.1 and a whole one to go
    assert after(60, 0, 0, ("A", "step 5/10", 0.5), ("B", "step 9/10", 0.9)).startswith("0 of 3 done, 8:16 left; A: ")
    # A is done, B failed: 0.6 of a run in 124 s, one to go
    show.forget("B")
    assert after(62, 1, 1).startswith("1 of 3 done, 1 failed, 3:27 left")


def test_no_time_is_told_before_anything_is_made(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    show = Display(total=1, done=0)
    now[0] += 61
    show.update(0, 0, [AtWork("A", "step 4/10", 0.4)])
    assert capsys.readouterr().out == "0 of 1 done; A: step 4/10\n"
