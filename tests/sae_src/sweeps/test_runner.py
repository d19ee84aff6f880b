"""Making the runs of a sweep: what is left behind where something goes wrong."""

import os
from types import SimpleNamespace

import pytest

from omnilearn.locks import try_lock
from sae_src.sweeps.runner import Active, Outcome, Runner


class Endless(Runner):
    """Takes up runs whose processes never end."""

    def _begin(self, job, active, outcome, show):
        worker, step = SimpleNamespace(poll=lambda: None), SimpleNamespace(name="eval")
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
