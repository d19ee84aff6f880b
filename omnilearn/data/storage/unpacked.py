"""The content of a file that gzip packed, and no more of it than there may be."""

import gzip
import io
from typing import BinaryIO


class Unpacked(gzip.GzipFile):
    """Reads a packed file; `ValueError` where it unpacks to more than such files hold, or a header claims so.

    Args:
        file: the packed file.
        at_most: the bytes that it may unpack to.
        problem: what the error says.
    """

    def __init__(self, file: BinaryIO, at_most: int, problem: str) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._at_most, self._problem = at_most, problem

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes."""
        if size is None or size < 0 or self.tell() + size > self._at_most:
            raise ValueError(self._problem)
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, which means to unpack everything before it."""
        if offset > self._at_most:
            raise ValueError(self._problem)
        return super().seek(offset, whence)
