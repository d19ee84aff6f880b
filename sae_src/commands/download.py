"""`fig download-dataset`: the files of a data set."""

from pathlib import Path

from omnilearn.config import Node, find, reject_unused
from omnilearn.config.recorder import recorder_of
from omnilearn.data import Dataset
from omnilearn.data.download.files import download_dataset
from omnilearn.errors import UserError


def download(config: Node) -> list[Path]:
    """Get the files of the dataset that a config names; returns where they are."""
    recorder_of(config).declare(config, {"dataset": Dataset})
    node = find(config, "dataset")
    if node is None or node.has_payload:
        raise UserError("which data set? name a config of d/, such as d/3ds")
    reject_unused(config)
    paths = download_dataset(node)
    for path in paths:
        print(path)
    return paths
