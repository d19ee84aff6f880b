"""The files of a dataset from where the table of sources says; what has to be got by hand is explained and checked."""

import logging
from collections.abc import Container
from pathlib import Path

from omnilearn.config import Node, call
from omnilearn.config.components import component_of
from omnilearn.data.download.http import Patience, fetch, what_is_wrong
from omnilearn.data.download.paths import data_root
from omnilearn.data.download.sources import Source, find_source
from omnilearn.errors import ConfigError, UserError

_log = logging.getLogger(__name__)


def download_dataset(node: Node) -> list[Path]:
    """Get the files of the dataset that a config node describes; returns where they are.

    Raises `UserError` where the dataset needs no files, or where they cannot be had.
    """
    target = component_of(node)
    if target is None:
        raise ConfigError("there is no dataset: name a config of d/, such as d/3ds")
    download_files = getattr(target, "download_files", None)
    if download_files is None:
        raise UserError(f"{target.__name__} is generated: there is nothing to download")
    return call(download_files, node)


def get_files(
    name: str,
    dataroot: Path | None = None,
    sources: Path | None = None,
    *,
    needless: Container[str] = (),
    patience: Patience | None = None,
) -> list[Path]:
    """Get the files of a dataset, those that are not there yet; returns where they are.

    Args:
        name: a dataset of the table: `3dshapes`, `mpi3d/toy`.
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        sources: a table that goes before the packaged one.
        needless: names of files that are there in another form.
        patience: how long to go on.

    Raises `UserError` where a file cannot be had, with the steps where it has to be got by hand.
    """
    source = find_source(name, sources)
    root = data_root(dataroot)
    wanted = {root / file.path: file for file in source.files if file.path.name not in needless}
    by_hand = [path for path, file in wanted.items() if not file.urls and not path.exists()]
    if by_hand:
        raise UserError(_steps(source, by_hand))
    for path, file in wanted.items():
        if not path.exists():
            fetch(file, path, patience)
        elif not file.urls and (wrong := what_is_wrong(file, path)):
            _log.warning("%s is not the official file: %s", path, wrong)
    return list(wanted)


def _steps(source: Source, paths: list[Path]) -> str:
    steps = source.by_hand or "the table of sources names no address: add one in a file for OMNILEARN_SOURCES"
    return (
        f"{source.config} has to be fetched by a person (licence: {source.licence}). "
        f"Missing: {', '.join(map(str, paths))}. To get it: {steps}; then run the same command again"
    )
