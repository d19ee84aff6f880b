"""Making the runs of a sweep: what is left behind where something goes wrong."""

import os
import signal
from types import SimpleNamespace

import pytest

from omnilearn.locks import try_lock
from sae_src.sweeps.plan import Job
from sae_src.sweeps.runner import Active, Outcome, Runner, slots_for


class Endless(Runner):
    """Takes up runs whose processes end where they are told to."""

    def _begin(self, job, active, outcome, show):
        worker = SimpleNamespace(poll=lambda: None, stop=lambda number: None, wait=lambda seconds: True)
        step = SimpleNamespace(name="eval")
        active.append(Active(job, step, worker, try_lock(self._locks / job.identity), len(active)))
        return True


def test_an_error_of_our_own_lets_go_of_the_locks(tmp_path):
    def update(*_):
        raise RuntimeError("no place to show it")

    jobs = [SimpleNamespace(identity=name, title=name) for name in ("a", "b")]
    runner = Endless(tmp_path, tmp_path, tmp_path, ["eval"], [{}, {}])
    with pytest.raises(RuntimeError, match="no place"):
        runner.run(jobs, Outcome(), SimpleNamespace(update=update))
    for job in jobs:
        lock = try_lock(tmp_path / "locks" / job.identity)
        assert lock is not None
        os.close(lock)


def test_two_sweeps_share_no_outcome():
    first, second = Outcome(), Outcome()
    for name in ("done", "failed", "interrupted"):
        assert getattr(first, name) is not getattr(second, name)


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As SIGHUP is under nohup: the terminal may close."""
    sent = iter([signal.SIGHUP, signal.SIGHUP, signal.SIGTERM])
    show = SimpleNamespace(update=lambda *_: os.kill(os.getpid(), next(sent)), event=lambda line: None)
    outcome = Outcome()
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        runner = Endless(tmp_path, tmp_path, tmp_path, ["eval"], [{}])
        runner.run([SimpleNamespace(identity="a", title="A")], outcome, show)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
    assert outcome.stopped_by == "SIGTERM" and next(sent, None) is None
    assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]


def test_the_cores_of_a_system_that_does_not_say_which_a_process_may_use(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert slots_for(2, []) == [{"OMP_NUM_THREADS": "3", "LOKY_MAX_CPU_COUNT": "3"}] * 2


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """Make a run, with a checkpoint of a step, whose process is killed by a signal; returns what became of it."""
    program, run = tmp_path / "main.py", tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("budget: 9\n")
    monkeypatch.setattr("sae_src.sweeps.worker.program_file", lambda: str(program))
    words = {"model": "A", "configs": (), "keys": {"seed": 0}, "variant": "", "evaluation": None, "of_process": {}}
    job = Job(number=1, identity="a", budget=9, **words)

    def killed(number, saved: int, *, retry: bool = False) -> Outcome:
        program.write_text(f"import os\nos.kill(os.getpid(), {int(number)})\n")
        (run / f"ckpt{saved}").mkdir(exist_ok=True)
        runner, outcome = Runner(tmp_path, tmp_path / "_", tmp_path / "_", [], [{}]), Outcome()
        monkeypatch.setattr(runner._existing, "find", lambda identity: run)
        if retry:
            runner.failures.forget("a")
        show = SimpleNamespace(update=lambda *_: None, event=lambda line: None, forget=lambda title: None)
        runner.run([job], outcome, show)
        return outcome

    return killed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_run_that_is_killed_again_without_a_further_step_has_failed(number, killed):
    """Else a cluster would put it back into the queue for ever."""
    for saved in (3, 5, 7):
        assert killed(number, saved).interrupted
    again = killed(number, 7)
    ((_, failure),) = again.failed
    assert not again.interrupted and failure.code == -number and number.name in failure.line
    assert killed(number, 7).failed, "it is told, not tried"
    assert killed(number, 7, retry=True).interrupted
