"""What readers of file formats raise for bytes that are damaged or made up."""

import lzma
import struct
import tarfile
import tokenize
import zipfile
import zlib

READ_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,  # of a header that claims more than there is
    RuntimeError,  # of a method that is not implemented, or of headers that go on for ever
    SyntaxError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    tokenize.TokenError,  # of numpy's headers
    zipfile.BadZipFile,
    zlib.error,
)
"""Beside `OSError`, which may be about the disk. The libraries promise no error of their own: they raise what went
wrong where they met the byte that is wrong."""
