"""The draws of a search and their scores, kept by Optuna in a journal, a file of lines of JSON."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omnilearn.errors import UserError, first_line
from omnilearn.files import cannot_write, handle_to_write
from sae_src.sweeps.search_space import Choices, Range, Scalar, Search

if TYPE_CHECKING:
    import optuna

State = Literal["open", "told", "failed"]
_RETRY_OF, _RUNS, _WHY = "retry_of", "runs", "why"


@dataclass(frozen=True)
class Trial:
    """Values that were drawn.

    Attributes:
        number: its number in the journal's study.
        values: of each key.
        state: whether its score is still to come, is known, or will never be.
        score: its score, None unless it is known.
        runs: the names of its runs, once it is over.
        why: what went wrong, where it failed.
    """

    number: int
    values: Mapping[str, Scalar]
    state: State
    score: float | None = None
    runs: tuple[str, ...] = ()
    why: str = ""


def require_optuna() -> None:
    """Raise `UserError` where the package is missing."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise UserError("search needs optuna: pip install 'optuna>=5.0'") from None


def open_journal(path: Path) -> "optuna.storages.JournalStorage":
    """The journal in a file, which is made if need be; whoever writes to it holds a lock of the search.

    A last line that was cut short by a kill is taken away. Raises `UserError` for a file that is no journal.
    """
    require_optuna()
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class HeldAlready(JournalFileOpenLock):
        """Optuna's own lock would outlive a process that is killed."""

        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            return None

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _end_last_line(path)
    try:
        return optuna.storages.JournalStorage(JournalFileBackend(str(path), HeldAlready(str(path))))
    except OSError as error:
        raise cannot_write(path, error) from error
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise UserError(f"{path}: damaged ({first_line(error)}); remove it") from None


class Study:
    """The trials of one model on one data set.

    What is drawn depends on the seed, the number of the trial and those that are over, not on when a process began.

    Args:
        storage: the journal.
        name: the study's name in it.
        search: what is searched.
    """

    def __init__(self, storage: "optuna.storages.JournalStorage", name: str, search: Search) -> None:
        import optuna

        self._search, self._name = search, name
        self._space = {key: _distribution(values) for key, values in search.space.items()}
        # Older journals lack the top of some ranges, and go on with the draws that they have.
        self._rounded_down = {key: _distribution(values, exact=False) for key, values in search.space.items()}
        if name in optuna.get_all_study_names(storage):
            self._study = optuna.load_study(study_name=name, storage=storage)
        else:
            direction: Literal["minimize", "maximize"] = "minimize" if search.direction == "minimise" else "maximize"
            self._study = optuna.create_study(study_name=name, storage=storage, direction=direction)

    @property
    def left(self) -> int:
        """How many trials are still to be drawn."""
        return max(0, self._search.trials - len(self.trials()))

    def trials(self) -> list[Trial]:
        """All trials that were drawn, in their order; of those that were tried again the last."""
        frozen = self._study.get_trials(deepcopy=False)
        replaced = {each.user_attrs.get(_RETRY_OF) for each in frozen if self._is_drawn(each) or _is_waiting(each)}
        return [_trial(each) for each in frozen if self._is_drawn(each) and each.number not in replaced]

    def ask(self) -> Trial:
        """Draw the values of a further trial."""
        import optuna

        number = sum(self._is_drawn(each) for each in self._study.get_trials(deepcopy=False))
        digest = hashlib.sha256(f"{self._search.seed} {self._name} {number}".encode()).digest()
        self._study.sampler = optuna.samplers.TPESampler(seed=int.from_bytes(digest[:4], "big"))
        asked = self._study.ask(fixed_distributions=self._space)
        return _trial(self._study.get_trials(deepcopy=False)[asked.number])

    def tell(self, trial: Trial, runs: Sequence[str], score: float | None, why: str = "") -> None:
        """Keep the score of a trial; None for one that failed, and `why`."""
        import optuna

        frozen = self._study.get_trials(deepcopy=False)[trial.number]
        asked = optuna.trial.Trial(self._study, frozen._trial_id)  # of an earlier process: Optuna has no other way
        asked.set_user_attr(_RUNS, list(runs))
        if score is None:
            asked.set_user_attr(_WHY, why)
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial.number, score)

    def try_again(self, trial: Trial) -> None:
        """Let the next one that is asked for be a trial that failed."""
        self._study.enqueue_trial(dict(trial.values), user_attrs={_RETRY_OF: trial.number})

    def drop_leftovers(self) -> None:
        """Give up trials whose values were not all kept, because the process that drew them was killed."""
        import optuna

        for each in self._study.get_trials(deepcopy=False):
            if each.state == optuna.trial.TrialState.RUNNING and not self._is_drawn(each):
                self._study.tell(each.number, state=optuna.trial.TrialState.FAIL)

    def best(self) -> Trial | None:
        """The trial with the best score, the first one of several; None where none has a score."""
        scores = [(trial.score, trial) for trial in self.trials() if trial.score is not None]
        sign = 1 if self._search.direction == "minimise" else -1
        return min(scores, key=lambda pair: sign * pair[0])[1] if scores else None

    def _is_drawn(self, trial: "optuna.trial.FrozenTrial") -> bool:
        return dict(trial.distributions) in (self._space, self._rounded_down)


def _distribution(values: Range | Choices, *, exact: bool = True) -> "optuna.distributions.BaseDistribution":
    """What Optuna draws from; unless `exact`, a range with a step may end a step too early, as its floats do."""
    from optuna import distributions

    if isinstance(values, Choices):
        return distributions.CategoricalDistribution(values.values)
    high: Decimal | float = values.high
    if values.step is not None:
        if not exact:
            high = values.low + values.step * int((values.high - values.low) / values.step + 1e-9)
        low, top, step = (Decimal(str(each)) for each in (values.low, high, values.step))
        high = low + step * ((top - low) // step)  # the last one that steps lead to, of the numbers as they are written
    if values.is_whole:
        return distributions.IntDistribution(int(values.low), int(high), values.log, int(values.step or 1))
    return distributions.FloatDistribution(values.low, float(high), values.log, values.step)


def _trial(frozen: "optuna.trial.FrozenTrial") -> Trial:
    state: State = "open" if not frozen.state.is_finished() else "told" if frozen.value is not None else "failed"
    attributes: Mapping[str, Any] = frozen.user_attrs
    return Trial(
        frozen.number,
        frozen.params,
        state,
        frozen.value if state == "told" else None,
        tuple(attributes.get(_RUNS, ())),
        str(attributes.get(_WHY, "")),
    )


def _is_waiting(frozen: "optuna.trial.FrozenTrial") -> bool:
    return frozen.state.name == "WAITING"


def _end_last_line(path: Path) -> None:
    """Take away what stands after the last end of a line, if there is a file."""
    if not os.path.lexists(path):
        return
    try:
        handle = handle_to_write(path)
        with os.fdopen(handle, "r+b") as file:
            content = file.read()
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)
    except OSError as error:
        raise cannot_write(path, error) from error
