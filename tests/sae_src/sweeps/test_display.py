"""What a sweep shows: lines in place on a terminal, a line now and then elsewhere."""

import sys

import pytest

from sae_src.sweeps import display
from sae_src.sweeps.display import Display


@pytest.mark.parametrize("on_terminal", [True, False])
def test_display(monkeypatch, capsys, on_terminal):
    now = [1000.0]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal, raising=False)
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(display, "_BETWEEN_LINES", 60.0)
    show = Display(total=10, done=2)
    show.event("A seed 0: train")
    now[0] += 30
    show.update(2, 0, [("A seed 0: step 5/10", 0.5)])
    now[0] += 45
    show.update(3, 1, [("B seed 0: starting", 0.0)])
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
