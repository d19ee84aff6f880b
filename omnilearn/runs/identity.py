"""Which keys of a config make the experiment, and which only say how long, where or how often."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from omnilearn.config.stored import PLACES, UNTRUSTED, without
from omnilearn.config.tree import SCALARS

# Keys of a run that may differ without making it another experiment, beside those that measures register.
_HARMLESS = {
    "accept_changes",
    "budget",
    "checkpoint",
    "device",
    "eval_batch_size",
    "evaluation",
    "include_eval",
    "labels",
    "mirror",
    "name",
    "name_include_date",
    "print",
    "records",
    "resume",
    "saveroot",
    "threads",
    "time_limit",
    "validation",
}
# Of one process only: a run that goes on does not inherit them.
_OF_ONE_PROCESS = {"accept_changes", "mirror", "override", "resume", "saveroot", "time_limit"}
# Known only once a run has begun.
_FOUND_OUT = {"compiled", "dataset_size", "din", "dout"}


def register_harmless_key(key: str) -> None:
    """Let a key of a run differ without making it another experiment."""
    _HARMLESS.add(key)


def is_harmless(key: str) -> bool:
    """Whether a dotted key can change without making it another experiment."""
    parts = key.split(".")
    return parts[0] in _HARMLESS or parts[-1] in PLACES or key == "viz.freq"


def of_one_process(config: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a config that a run which goes on has to be given again, such as `time_limit`."""
    return {key: value for key, value in config.items() if key in _OF_ONE_PROCESS and value is not None}


def stored_form(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as a run stores it: without the keys of one process and those that are not taken from it again, and with
    references to what may change later, such as `<>budget`, replaced by what they refer to now.
    """
    stored = {
        key: without(value, UNTRUSTED)
        for key, value in plain(config).items()
        if key not in _OF_ONE_PROCESS and key not in UNTRUSTED
    }
    changing = {
        f"<>{key}": value for key, value in stored.items() if key in _HARMLESS and not isinstance(value, Mapping)
    }

    def pinned(value: Any) -> Any:
        if isinstance(value, SCALARS):
            return changing.get(value, value) if isinstance(value, str) else value
        if isinstance(value, Mapping):
            return {key: pinned(item) for key, item in value.items()}
        return [pinned(item) for item in value] if isinstance(value, list) else value

    return {key: value if key in _HARMLESS else pinned(value) for key, value in stored.items()}


def experiment_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a config that the numbers of a run depend on."""
    decisive = {key: value for key, value in stored_form(config).items() if not is_harmless(key) and key != "viz"}
    return {key: without(value, PLACES) for key, value in decisive.items()}


def request_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The experiment and the name that a config asks for: equal for a config and the stored one of its run."""
    decisive = {key: value for key, value in experiment_of(config).items() if key not in _FOUND_OUT}
    return {**decisive, "name": config.get("name")}


def fingerprint(config: Mapping[str, Any]) -> str:
    """A short digest of the experiment of a config."""
    text = json.dumps(experiment_of(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity(config: Mapping[str, Any]) -> str:
    """A digest of the experiment of a config and of its length, the same before a run as for its stored config.

    Two runs of one identity end with the same weights, but for the last digits where they were made by different
    devices, or where `compile` leaves it to the machine whether losses are compiled; neither names nor dates are part
    of it.
    """
    decisive = {key: value for key, value in experiment_of(config).items() if key not in _FOUND_OUT}
    if decisive.get("compile") in (False, "auto"):
        del decisive["compile"]
    text = json.dumps([decisive, config.get("budget")], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def without_places(tree: Any) -> Any:
    """A tree of tables and lists without the places of files, such as `dataroot`, which change no number."""
    return without(tree, PLACES)


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the keys that are omnifig's own."""
    return {key: value for key, value in config.items() if not key.startswith("_")}
