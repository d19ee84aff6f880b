"""A batch of CIFAR: a pickled table of one array of bytes and plain data, read without Python's unpickler.

That one runs what a pickle asks for, and numpy's arrays believe what they are told about themselves: a crafted file
could run code, or read memory that is not its own. Here a pickle is a list of instructions, of which only those that
the official files consist of are followed, on plain values; arrays are made from bytes of the right number.
"""

import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# The largest official file, CIFAR-100's training images, has about 350,000 instructions.
_MOST_INSTRUCTIONS = 3_000_000


class NotABatch(ValueError):
    """A pickle that holds, or asks for, anything but what the official files do."""


@dataclass(frozen=True)
class _Name:
    """A class or function that a pickle asks for."""

    name: str


@dataclass
class _ByteType:
    """numpy's type uint8; `is_set` once the pickle has said how its bytes are ordered (they are single ones)."""

    is_set: bool = False


@dataclass
class _Array:
    """An array of bytes; None until the pickle has said what it holds."""

    values: np.ndarray | None = None


_EMPTY_ARRAYS = [(_Name("numpy ndarray"), (0,), order) for order in ("b", b"b")]
_BYTE_TYPES = [(code, 0, 1) for code in ("u1", b"u1")]
_ENCODE = "_codecs encode"  # how Python 3 writes bytes for Python 2
_RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_MARK = object()


def read_batch(content: bytes) -> dict[bytes, Any]:
    """The table in a pickle: numbers, text and lists as they are, two-dimensional arrays of bytes as numpy's.

    Names of Python 3 are bytes, like those of Python 2. Raises `NotABatch` for anything else.
    """
    machine = _Machine(len(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python about escapes in the text of a damaged file
            for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
                if count > _MOST_INSTRUCTIONS:
                    raise NotABatch("it has more instructions than the largest official file")
                if instruction.name == "STOP":
                    return machine.table()
                machine.follow(instruction.name, argument)
    except NotABatch:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotABatch(f"it is not a whole pickle: {error}") from error
    raise NotABatch("it ends too early")


class _Machine:
    """The stack and the memory that the instructions of a pickle work on."""

    def __init__(self, size: int) -> None:
        self.allowance = size  # bytes of text that may be encoded
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def table(self) -> dict[bytes, Any]:
        """What is left at the end."""
        result = self.pop()
        if self.stack or not isinstance(result, dict):
            raise NotABatch("it does not hold one table")
        return {key: value.values if isinstance(value, _Array) else value for key, value in result.items()}

    def follow(self, name: str, argument: Any) -> None:
        """Do what one instruction says."""
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _NUMBERS:
            self.stack.append(int(argument))
        elif name in _BYTES:
            self.stack.append(argument.encode("latin-1") if isinstance(argument, str) else argument)
        elif name in ("BINUNICODE", "SHORT_BINUNICODE"):
            self.stack.append(argument)
        elif name == "GLOBAL":
            self.stack.append(_Name(argument))
        elif name in _TUPLES:
            self.stack.append(tuple(reversed([self.pop() for _ in range(_TUPLES[name])])))
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memory[argument] = self.top()
        elif name == "MEMOIZE":
            self.memory[len(self.memory)] = self.top()
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memory[argument])
        elif name in _OTHERS:
            _OTHERS[name](self)
        else:
            raise NotABatch(f"it has the instruction {name}, which no official file has")

    def top(self) -> Any:
        """The last value."""
        if self.stack[-1] is _MARK:
            raise NotABatch("it has a mark where a value belongs")
        return self.stack[-1]

    def pop(self) -> Any:
        """Take the last value off the stack."""
        value = self.top()
        self.stack.pop()
        return value

    def pop_to_mark(self) -> list[Any]:
        """Take all values behind the last mark, and the mark, off the stack."""
        start = len(self.stack) - 1
        while self.stack[start] is not _MARK:
            start -= 1
            if start < 0:
                raise NotABatch("it lacks a mark")
        values = self.stack[start + 1 :]
        del self.stack[start:]
        return values

    def append(self, values: list[Any]) -> None:
        """Put values behind those of the list on the stack."""
        target = self.top()
        if type(target) is not list:
            raise NotABatch("it appends to something else than a list")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        """Put keys and values into the table on the stack."""
        target = self.top()
        if type(target) is not dict or len(values) % 2:
            raise NotABatch("it sets items of something else than a table")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_as_bytes(key)] = value

    def stack_global(self) -> None:
        """Name a class or function."""
        name, module = self.pop(), self.pop()
        self.stack.append(_Name(f"{module} {name}"))

    def reduce(self) -> None:
        """Call what was named: an array or a type to be filled, or text as bytes."""
        arguments, called = self.pop(), self.pop()
        name = called.name if isinstance(called, _Name) else type(called).__name__
        if name in _RECONSTRUCT and arguments in _EMPTY_ARRAYS:
            self.stack.append(_Array())
        elif name == "numpy dtype" and arguments in _BYTE_TYPES:
            self.stack.append(_ByteType())
        elif name == _ENCODE and type(arguments) is tuple and arguments[1:] in (("latin1",), (b"latin1",)):
            encoded = arguments[0].encode("latin-1")
            self.allowance -= len(encoded)
            if self.allowance < 0:  # the same text again and again
                raise NotABatch("it encodes more text than it has")
            self.stack.append(encoded)
        else:
            raise NotABatch(f"it asks for {name.replace(' ', '.')}, which could run code or is not in an official file")

    def build(self) -> None:
        """Fill an array or a type."""
        state, target = self.pop(), self.top()
        if isinstance(target, _ByteType) and state in _STATES_OF_BYTES:
            target.is_set = True
        elif isinstance(target, _Array) and target.values is None:
            target.values = _array(*state)
        else:
            raise NotABatch(f"it fills a {type(target).__name__.strip('_')}, which no official file does")


def _array(version: Any, shape: Any, kind: Any, by_columns: Any, content: Any) -> np.ndarray:
    """The array of the given description, of which every part is checked."""
    is_plain = version == 1 and isinstance(kind, _ByteType) and kind.is_set and by_columns in (0, 1)
    if not is_plain or not isinstance(content, bytes):
        raise NotABatch("its array is not one of bytes")
    if not (isinstance(shape, tuple) and len(shape) == 2 and all(type(size) is int and size > 0 for size in shape)):
        raise NotABatch(f"its array has the shape {shape}")
    if shape[0] * shape[1] != len(content):
        raise NotABatch(f"its array has {len(content):,} bytes but claims the shape {shape}")
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if by_columns else "C")


def _as_bytes(key: Any) -> bytes:
    if not isinstance(key, bytes | str):
        raise NotABatch("it has a key that is no text")
    return key if isinstance(key, bytes) else key.encode("utf-8")


_IGNORED = ("PROTO", "FRAME")
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_NUMBERS = ("BININT", "BININT1", "BININT2", "LONG1")
_BYTES = ("SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES")
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_OTHERS: dict[str, Callable[[_Machine], None]] = {
    "TUPLE": lambda machine: machine.stack.append(tuple(machine.pop_to_mark())),
    "APPEND": lambda machine: machine.append([machine.pop()]),
    "APPENDS": lambda machine: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine: machine.set_items(machine.pop_to_mark()),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
# numpy's own words for a type whose values have one byte: it has no order of bytes, no fields and no metadata.
_STATES_OF_BYTES = [(version, sign, None, None, None, -1, -1, 0) for version in (3, 4) for sign in ("|", b"|")]
