"""The table of where datasets come from: `sources.yaml`, and what a user puts in its place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from omnilearn.errors import UserError

TABLE = Path(__file__).with_name("sources.yaml")
VARIABLE = "OMNILEARN_SOURCES"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a dataset.

    Attributes:
        path: where it belongs, below the data folder.
        urls: where it is to be had, the best first; empty where it can only be got by hand.
        size: its length in bytes, where it is known.
        sha256: its hash, or the first digits of it, where they are known.
        md5: its hash, where only this is known.
    """

    path: PurePosixPath
    urls: tuple[str, ...] = ()
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    def __post_init__(self) -> None:
        if self.path.is_absolute() or ".." in self.path.parts or not self.path.name:
            raise ValueError(f"'{self.path}' does not lie below the data folder")
        for url in self.urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"'{url}' is not a http or https address")


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from.

    Attributes:
        config: the config (and keys) that name it on the command line.
        licence: its licence, in a few words.
        files: its files.
        by_hand: how to get them by hand; None where they can be downloaded.
    """

    config: str
    licence: str
    files: tuple[RemoteFile, ...]
    by_hand: str | None = None


def find_source(name: str, table: Path | None = None) -> Source:
    """The entry `name` of the table.

    Args:
        name: a dataset: `3dshapes`, `mpi3d/toy`.
        table: a YAML file whose entries, field by field, go before those of the packaged table; by default the one that
            the variable OMNILEARN_SOURCES names, if any.

    Raises `UserError` for a table that cannot be read.
    """
    given = table or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    entry: dict[str, Any] = {}
    for path in (TABLE, given):
        if path is not None:
            own = _read_table(path).get(name, {})
            entry |= own
            try:
                source = _source(entry)
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                raise UserError(f"{path}: the entry '{name}' is not as in sources.yaml: {error}") from None
    return source


def _read_table(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first_line = str(error).split("\n")[0]
        raise UserError(f"{path}: not a YAML file: {first_line}") from error
    if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
        raise UserError(f"{path}: expected a table of datasets")
    return table


def _source(entry: Mapping[str, Any]) -> Source:
    files = tuple(
        RemoteFile(
            path=PurePosixPath(file["path"]),
            urls=tuple(file.get("urls", ())),
            size=None if file.get("bytes") is None else int(file["bytes"]),
            sha256=_text(file.get("sha256")),
            md5=_text(file.get("md5")),
        )
        for file in entry["files"]
    )
    return Source(str(entry["config"]), str(entry["licence"]), files, entry.get("by_hand"))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"expected text, got {value!r}: put it in quotes")
    return value
