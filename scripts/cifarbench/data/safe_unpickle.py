"""Read a pickled batch of images without importing or calling anything that the pickle names.

The standard unpickler imports and calls any object that a pickle names. Restricting its imports is not enough for an
untrusted file: the memo of its C version and the hashing of keys can still fill the memory or run forever. A batch
needs few opcodes, so this is Python's own unpickler in Python, reduced to these.
"""

import io
import mmap
import pickle
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.printable import describe_value, escape_ascii
from cifarbench.errors import UserError

# numpy's codes for booleans, integers and floats of fixed size; not for objects, text or records.
NUMBER_TYPES = {f"{kind}{size}" for kind in "iuf" for size in (1, 2, 4, 8)} - {"f1"} | {"b1"}
MAX_DIMENSIONS = 4
# Byte strings of a file that are shorter are read, others are mapped.
MIN_MAPPED_BYTES = 1_000_000
# Opcodes that can neither run code nor take more memory than the pickle itself.
SAFE_OPCODES = """
    PROTO STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 STRING SHORT_BINSTRING UNICODE
    SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINBYTES EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1
    TUPLE2 TUPLE3 EMPTY_DICT PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE
"""
# Opcodes of long byte strings, with the format of their length.
BYTES_OPCODES = {"BINSTRING": "<i", "BINBYTES": "<I", "BINBYTES8": "<Q", "BYTEARRAY8": "<Q"}
# What parsing damaged bytes raises.
PARSE_ERRORS: tuple[type[Exception], ...] = (pickle.UnpicklingError, struct.error, AttributeError)
PARSE_ERRORS += (ValueError, LookupError, TypeError, OverflowError, EOFError)


def safe_load(source: bytes | Path, member: str) -> dict[str, Any]:
    """Return the dictionary in a pickle that Python 2 or 3 wrote in any protocol from 0 to 5.

    Keys become text, whether they were pickled as text or bytes. Values are lists, tuples, bytes, text, integers,
    booleans, None and read-only arrays of numbers; nothing else is built.

    source: the pickle, or its file, of which large arrays are mapped. member: the name of the archive's member, for the
    message.

    Raises UserError for anything else, before it does anything.
    """
    try:
        content = _SafeUnpickler(source).load()
        if not isinstance(content, dict):
            raise pickle.UnpicklingError("it holds no dictionary")
    except PARSE_ERRORS as error:
        raise UserError(
            f"{member} is not a batch of images: {escape_ascii(error, 150) or type(error).__name__}; expected a "
            "pickled dictionary of lists, text, integers and arrays of numbers."
        ) from None
    return {key: value.array if isinstance(value, _Array) else value for key, value in content.items()}


class _Type:
    """A dtype under construction: its state sets the byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = _text(code)
        if code not in NUMBER_TYPES:
            raise pickle.UnpicklingError(f"an array of {describe_value(code)} instead of numbers")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        """Set the byte order from (version, byte order, subarray, names, fields, size, alignment, flags)."""
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("an array of records instead of numbers")
        order = _text(state[1])
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"the byte order {describe_value(order)}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """An array under construction: empty until its state arrives."""

    array: np.ndarray | None = None

    def __init__(self, *_: Any) -> None:
        """Ignore the arguments: numpy describes an empty array here, and all of the array in its state."""

    def set_state(self, state: Any) -> None:
        """Set the content from (version, shape, dtype, is Fortran order, content)."""
        _, shape, dtype, is_fortran, content = state
        self.array = _build_array(content, dtype, shape, "F" if is_fortran else "C")


def _build_array(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(dtype, _Type):
        raise pickle.UnpicklingError("an array without a type")
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        raise pickle.UnpicklingError(f"{describe_value(shape)} as the shape of an array")
    if any(type(length) is not int or length < 0 for length in shape):
        raise pickle.UnpicklingError("an array with a shape that is not of whole numbers")
    if not isinstance(content, bytes | np.memmap):
        raise pickle.UnpicklingError(f"{describe_value(content)} as the content of an array")
    expected = dtype.dtype.itemsize
    for length in shape:
        expected *= length
    if len(content) != expected:
        raise pickle.UnpicklingError(f"an array of {len(content)} bytes whose shape needs {expected}")
    values = (
        content.view(dtype.dtype) if isinstance(content, np.memmap) else np.frombuffer(content, dtype.dtype)
    )
    return values.reshape(shape, order=_text(order))


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise pickle.UnpicklingError(f"text in the encoding {describe_value(encoding)}")
    return text.encode("latin-1")


def _ndarray(*_: Any) -> None:
    raise pickle.UnpicklingError("a call of numpy.ndarray")


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


# All that a batch may name, by the names in all versions of numpy and Python. None is imported.
_REPLACEMENTS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _Type,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.numeric", "_frombuffer"): _build_array,
    ("numpy._core.numeric", "_frombuffer"): _build_array,
    # Python 3 writes bytes by it in protocols 0 to 2.
    ("_codecs", "encode"): _encode,
    # Empty bytes only: with a number as its argument, bytes() would fill the memory.
    ("__builtin__", "bytes"): lambda: b"",
    ("builtins", "bytes"): lambda: b"",
}


class _Opcodes(dict[int, Callable[..., None]]):
    """The function of each opcode, by its number."""

    def __missing__(self, opcode: int) -> None:
        raise pickle.UnpicklingError(f"the opcode {chr(opcode)!a}, which no batch needs")


# The C version has no table of opcodes that could be reduced.
class _SafeUnpickler(pickle._Unpickler):
    # Attributes of the base class that its stubs lack.
    stack: list[Any]
    append: Callable[[Any], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, source: bytes | Path) -> None:
        self.path = source if isinstance(source, Path) else None
        if isinstance(source, Path):
            with open(source, "rb") as file:
                self.file: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            self.file = io.BytesIO(source)
        # Text of Python 2 stays bytes.
        super().__init__(self.file, encoding="bytes")

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """Return the replacement of an object that a pickle names."""
        if (module, name) not in _REPLACEMENTS:
            raise pickle.UnpicklingError(
                f"it names {escape_ascii(module, 60)}.{escape_ascii(name, 60)}, which was not run"
            )
        return _REPLACEMENTS[module, name]

    def skip_frame_size(self) -> None:
        # A frame of the claimed size would be read as a whole.
        self.read(8)

    def load_bytes(self, length_format: str) -> None:
        (size,) = struct.unpack(length_format, self.read(struct.calcsize(length_format)))
        if self.path and size >= MIN_MAPPED_BYTES:
            start = self.file.tell()
            size = min(size, len(self.file) - start)
            self.file.seek(start + size)
            self.append(np.memmap(self.path, np.uint8, "r", start, (size,)))
        elif size < 0:
            raise pickle.UnpicklingError("bytes of a negative length")
        else:
            self.append(self.read(size))

    def load_items(self, items: list[Any]) -> None:
        content = self.stack[-1]
        if not isinstance(content, dict) or len(items) % 2:
            raise pickle.UnpicklingError(f"keys and values for {describe_value(content)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Text only: hashing nested tuples can take forever.
            if not isinstance(key, str | bytes):
                raise pickle.UnpicklingError(f"{describe_value(key)} as a key")
            if _text(key) in content:
                raise pickle.UnpicklingError(f"the key {describe_value(_text(key))} twice")
            content[_text(key)] = value

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self.load_items(items)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.load_items([key, value])

    def load_setitems(self) -> None:
        self.load_items(self.pop_mark())

    def load_build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(target, _Type | _Array):
            raise pickle.UnpicklingError(f"a state for {describe_value(target)}")
        target.set_state(state)


_FUNCTIONS: dict[str, Callable[..., None]] = {
    **{name: pickle._Unpickler.dispatch[getattr(pickle, name)[0]] for name in SAFE_OPCODES.split()},
    **{name: partial(_SafeUnpickler.load_bytes, length_format=form) for name, form in BYTES_OPCODES.items()},
    "FRAME": _SafeUnpickler.skip_frame_size,
    "DICT": _SafeUnpickler.load_dict,
    "SETITEM": _SafeUnpickler.load_setitem,
    "SETITEMS": _SafeUnpickler.load_setitems,
    "BUILD": _SafeUnpickler.load_build,
}
_SafeUnpickler.dispatch = _Opcodes({getattr(pickle, name)[0]: load for name, load in _FUNCTIONS.items()})
