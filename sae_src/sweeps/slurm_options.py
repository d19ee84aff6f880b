"""Options of `sbatch` as keys, the same for a script and for what is submitted."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from omnilearn.errors import UserError

SECONDS_TO_SAVE = 120
"""How long before its end a task is told to save."""

_OURS = frozenset({"array", "job-name", "requeue", "signal"})
_TIME = re.compile(r"(?:(?P<days>\d+)-(?P<of_day>\d+(?::\d+){0,2})|(?P<plain>\d+(?::\d+){0,2}))")


def sbatch_options(given: Mapping[str, Any], more_ours: Collection[str] = ()) -> dict[str, str | int | float | bool]:
    """Options by their long names with dashes; True for one without a value.

    Raises `UserError` for an option that the sweep sets itself (`more_ours` beside the usual ones), or that does not
    fit on a line.
    """
    options = {str(key).replace("_", "-"): value for key, value in given.items()}
    for key, value in options.items():
        if key in _OURS or key in more_ours:
            raise UserError(f"slurm.{key}: the script sets it itself")
        if value is not True and (isinstance(value, bool) or not isinstance(value, str | int | float)):
            raise UserError(f"slurm.{key}: must be text, a number, or yes for an option without a value")
        if not f"{key}{value}".isprintable():
            raise UserError(f"slurm.{key}: must be one line")
    return options


def minutes_of(time: object) -> float:
    """A time as `sbatch` reads it, in minutes: 90, 90:00, 01:30:00, 1-12, 1-12:30, 1-12:30:00.

    Raises `UserError` for anything else.
    """
    found = _TIME.fullmatch(str(time))
    if found is None:
        raise UserError(f"slurm.time: must be minutes, or such as 04:00:00 or 1-12:00:00, got {time}")
    numbers = [int(part) for part in (found["plain"] or found["of_day"]).split(":")]
    if found["days"] is not None:  # hours, minutes, seconds; the last ones may be left out
        hours, minutes, seconds = [*numbers, 0, 0][:3]
        total = 60.0 * (24 * int(found["days"]) + hours) + minutes + seconds / 60
    elif len(numbers) == 3:
        total = 60.0 * numbers[0] + numbers[1] + numbers[2] / 60
    else:
        total = numbers[0] + [*numbers, 0][1] / 60
    if total <= 0:
        raise UserError(f"slurm.time: must be longer than nothing, got {time}")
    return total
