"""Which keys of a config make the experiment, and which only say how long, where or how often."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# These, and every frequency, may differ without making it another experiment.
_HARMLESS = {
    "accept_changes",
    "budget",
    "checkpoint",
    "device",
    "evaluation",
    "factor_distance",
    "fid",
    "include_eval",
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
# Known only once a run has begun.
_FOUND_OUT = {"din", "dout", "device", "threads", "resume", "saveroot"}


def is_harmless(key: str) -> bool:
    """Whether a dotted key can change without making it another experiment."""
    return key.split(".")[0] in _HARMLESS or key.split(".")[-1] == "freq"


def experiment_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a config that the numbers of a run depend on."""
    return {key: value for key, value in plain(config).items() if not is_harmless(key) and key != "viz"}


def request_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a user asked for: a config without what a run finds out by itself."""
    return {key: value for key, value in plain(config).items() if key not in _FOUND_OUT}


def fingerprint(config: Mapping[str, Any]) -> str:
    """A short digest of the experiment of a config."""
    text = json.dumps(experiment_of(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the keys that are omnifig's own."""
    return {key: value for key, value in config.items() if not key.startswith("_")}
