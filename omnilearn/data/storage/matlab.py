"""Numeric arrays in MATLAB files of version 5, read without scipy: in that, a made-up file ends the process.

The format: a header of 128 bytes, then elements: a type, a length, the content, padded to eight bytes. One with a
matrix holds elements for its class, shape, name and values; it may be packed as a whole ("MAT-File Format", MathWorks).
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from math import prod

import numpy as np

_HEADER, _LITTLE_ENDIAN = 128, b"\x00\x01IM"
_INT8, _INT32, _UINT32, _MATRIX, _PACKED = 1, 5, 6, 14, 15
_STORED = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_COMPLEX = 0x800


def numeric_arrays(content: bytes, *, at_most: int) -> dict[str, np.ndarray]:
    """The real numeric arrays of a file by name, in column order as they are stored; what else it holds is left out.

    Args:
        content: the file.
        at_most: the bytes that an element may unpack to.

    Raises `ValueError`, `zlib.error` or `struct.error` for a file that is damaged or of another kind.
    """
    if content[_HEADER - 4 : _HEADER] != _LITTLE_ENDIAN:
        raise ValueError("it does not begin like a MATLAB file of version 5")
    found: dict[str, np.ndarray] = {}
    for kind, data in _elements(memoryview(content)[_HEADER:]):
        if kind == _PACKED:
            kind, data = next(_elements(_unpacked(data, at_most)), (0, data))
        if kind == _MATRIX and (named := _array(data)) is not None:
            found[named[0]] = named[1]
    return found


def _unpacked(data: memoryview, at_most: int) -> memoryview:
    packed = zlib.decompressobj()
    content = packed.decompress(data, at_most + 1)
    if len(content) > at_most:
        raise ValueError(f"it unpacks to more than {at_most:,} bytes")
    if not packed.eof:
        raise ValueError("it ends too early")
    return memoryview(content)


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The type and content of one element after the other."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if kind >> 16:  # one of at most four bytes has its length beside its type
            kind, size, start, place = kind & 0xFFFF, kind >> 16, place + 4, place + 8
            if size > 4:
                raise ValueError(f"it has a small element of {size} bytes")
        else:
            start = place + 8
            place = start + size + (0 if kind == _PACKED else -size % 8)
        if start + size > len(data):
            raise ValueError("it ends too early")
        yield kind, data[start : start + size]


def _array(data: memoryview) -> tuple[str, np.ndarray] | None:
    """The name and values of a matrix; None for one that is not of real numbers."""
    parts = list(islice(_elements(data), 4))
    if [kind for kind, _ in parts[:3]] != [_UINT32, _INT32, _INT8] or len(parts) < 4 or len(parts[0][1]) != 8:
        raise ValueError("it has a matrix without class, shape, name or values")
    (_, flags), (_, sizes), (_, name), (stored, values) = parts
    flag = struct.unpack_from("<I", flags)[0]
    if flag & 0xFF not in _CLASSES or flag & _COMPLEX or stored not in _STORED:
        return None
    shape = np.frombuffer(sizes, "<i4").tolist()
    numbers = np.frombuffer(values, _STORED[stored])
    if min(shape, default=-1) < 0 or prod(shape) != len(numbers):
        raise ValueError(f"it claims the shape {shape} for {len(numbers):,} values")
    array = numbers.astype(_CLASSES[flag & 0xFF], copy=False).reshape(shape, order="F")
    return bytes(name).decode("ascii"), array
