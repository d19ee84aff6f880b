"""The base of all sets of images that come from files: where these lie, and how they are got."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from omnilearn.data.download.files import get_files
from omnilearn.data.download.paths import data_root, given_roots
from omnilearn.data.factor_table import FactorTable
from omnilearn.data.factors import FactorGrid
from omnilearn.data.images import ImageDataset, PixelSource
from omnilearn.data.storage.arrays import Keep


@dataclass(frozen=True)
class ImageSet:
    """What was read from the files of a set; see `ImageDataset` for its parts."""

    source: PixelSource
    train: Tensor
    test: Tensor
    grid: FactorGrid | FactorTable | None = None
    targets: Tensor | None = None
    side: int | None = None
    prefix: str = ""


class FileDataset(ImageDataset):
    """Images from the files of a set, which are never changed.

    A set says where it belongs (`ident`, `folder_name`) and how its files are read (`read`); one with arguments of its
    own keeps them before it calls this constructor.

    Args:
        dataroot: folder of all data; by default OMNILEARN_DATA_DIR, else ./local_data.
        download: get the files where they are missing.
        sources: a table of addresses that goes before the packaged one.
        keep: where to keep the images, see `PixelArray`.
        cacheroot: folder of all data to write arrays to, where `dataroot` is only to be read; by default `dataroot`.

    Raises:
        UserError: where a file is missing or not what it should be.
    """

    ident: ClassVar[str]  # its name in the table of sources
    folder_name: ClassVar[str]  # its folder below that of all data

    def __init__(
        self,
        dataroot: Path | None = None,
        *,
        download: bool = False,
        sources: Path | None = None,
        keep: Keep = "auto",
        cacheroot: Path | None = None,
    ) -> None:
        folder = data_root(dataroot) / self.folder_name
        cache = folder if cacheroot is None else cacheroot / self.folder_name
        self._folders = tuple(dict.fromkeys((folder, cache)))
        self.command_keys = {**self.command_keys, **given_roots(dataroot, cacheroot)}
        if download and not self.is_complete(folder):
            self.get_files(dataroot, sources)
        images = self.read(folder, keep)
        super().__init__(
            images.source,
            images.train,
            images.test,
            grid=images.grid,
            targets=images.targets,
            side=images.side,
            folders=self._folders,
            prefix=images.prefix,
        )

    def read(self, folder: Path, keep: Keep) -> ImageSet:
        """Read the files in `folder`, to be kept where `keep` says; `UserError` where one is missing or damaged."""
        raise NotImplementedError

    def arrays(self, name: str) -> list[Path]:
        """Where an array that is made from the files may be, the last place being the one to make it at."""
        return [folder / name for folder in self._folders]

    def is_complete(self, folder: Path) -> bool:
        """Whether nothing has to be downloaded, whatever the table of sources says."""
        return False

    def get_files(self, dataroot: Path | None, sources: Path | None) -> list[Path]:
        """Get the files of this selection of the set where they are missing; returns where they are."""
        return self.download_files(dataroot, sources)

    @classmethod
    def download_files(cls, dataroot: Path | None = None, sources: Path | None = None) -> list[Path]:
        """Get the files where they are missing; returns where they are."""
        return get_files(cls.ident, dataroot, sources)
