"""Read a pickled batch without running anything that a pickle can name.

The standard unpickler imports and calls whatever a pickle names. To restrict its imports is not enough for an untrusted
file: its memo and its hashing can still be made to fill the memory or to run forever. A batch needs few opcodes, so a
small machine over `pickletools.genops`, which only parses, builds it.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cifarbench.data.mmap_pickle import MappedBytes, MappedPickle
from cifarbench.data.printable import describe_value, escape_ascii
from cifarbench.errors import UserError

# numpy's codes for truth values, integers and floats of fixed size; not for objects, text or records.
NUMBER_TYPES = {f"{kind}{size}" for kind in "iuf" for size in (1, 2, 4, 8)} - {"f1"} | {"b1"}
MAX_INTEGER_BITS = 64
MAX_DIMENSIONS = 4
# Smaller integers are kept once, as labels are.
MAX_SHARED_INTEGER = 1 << 16


# Opcodes that push their argument.
LITERALS = {
    "SHORT_BINSTRING",
    "BINSTRING",
    "STRING",
    "SHORT_BINUNICODE",
    "BINUNICODE",
    "BINUNICODE8",
    "UNICODE",
}
LITERALS |= {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"}
# Opcodes that push a new value.
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}


class UnsafePickleError(Exception):
    """A pickle holds something other than a batch of images."""


def safe_loads(data: bytes | MappedPickle, member: str) -> dict[str, Any]:
    """Return the dictionary in `data`, pickled by Python 2 or 3 in any protocol from 0 to 5.

    Large arrays of a mapped file are mapped, too. Keys become text, whether they were pickled as text or bytes. Values
    are lists, tuples, bytes, text, integers, truth values, None and arrays of numbers (read-only); nothing else is
    built, and nothing is called.

    member: the name of the archive's member, for the message.

    Raises UserError for anything else, before it does anything.
    """
    try:
        return _Machine().run(data)
    except (UnsafePickleError, ValueError, LookupError, TypeError, OverflowError) as error:
        # Parsing damaged bytes ends in any of these.
        raise UserError(
            f"{member} is not a batch of images: {escape_ascii(error, 150) or type(error).__name__}; expected a "
            "pickled dictionary of lists, text, integers and arrays of numbers."
        ) from None


@dataclass(frozen=True)
class _Builder:
    """A replacement for a function or class that a pickle names."""

    build: Callable[..., Any]


class _Type:
    """A dtype under construction: its state brings the byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = _text(code)
        if code not in NUMBER_TYPES:
            raise UnsafePickleError(f"an array of {describe_value(code)} instead of numbers")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        """Set the byte order from (version, byte order, subarray, names, fields, size, alignment, flags)."""
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise UnsafePickleError("an array of records instead of numbers")
        order = _text(state[1])
        if order not in ("<", ">", "|", "="):
            raise UnsafePickleError(f"the byte order {describe_value(order)}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """An array under construction: empty until its state arrives."""

    def __init__(self, value: np.ndarray | None = None) -> None:
        self.value = value

    def set_state(self, state: Any) -> None:
        """Set the content from (version, shape, type, whether in Fortran order, content), as numpy writes it."""
        _, shape, dtype, fortran, content = state
        self.value = _array(content, dtype, shape, "F" if fortran else "C")


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(dtype, _Type):
        raise UnsafePickleError("an array without a type")
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        raise UnsafePickleError(f"{describe_value(shape)} as the shape of an array")
    if any(type(length) is not int or length < 0 for length in shape):
        raise UnsafePickleError("an array whose shape is not made of whole numbers")
    # Python 2 wrote bytes as text of one byte a character.
    content = content.encode("latin-1") if isinstance(content, str) else content
    if not isinstance(content, bytes | bytearray | MappedBytes):
        raise UnsafePickleError(f"{describe_value(content)} as the content of an array")
    expected = dtype.dtype.itemsize
    for length in shape:
        expected *= length
    if len(content) != expected:
        raise UnsafePickleError(f"an array of {len(content)} bytes whose shape asks for {expected}")
    if isinstance(content, MappedBytes):
        return content.array(dtype.dtype, shape, _text(order))
    array = np.frombuffer(content, dtype.dtype).reshape(shape, order=_text(order))
    array.flags.writeable = False
    return array


def _reconstruct(*_: Any) -> _Array:
    # numpy names an empty array here; the state has everything.
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    return _Array(_array(content, dtype, shape, order))


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise UnsafePickleError(f"text in the encoding {describe_value(encoding)}")
    return text.encode("latin-1")


def _not_called(*_: Any) -> None:
    raise UnsafePickleError("a call of numpy.ndarray")


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


# All that a batch may name, by the names in all versions of numpy and Python. None is imported.
_BUILDERS = {
    ("numpy", "ndarray"): _Builder(_not_called),
    ("numpy", "dtype"): _Builder(_Type),
    ("numpy.core.multiarray", "_reconstruct"): _Builder(_reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): _Builder(_reconstruct),
    ("numpy.core.numeric", "_frombuffer"): _Builder(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _Builder(_from_buffer),
    # How Python 3 writes bytes in protocols 0 to 2.
    ("_codecs", "encode"): _Builder(_encode),
    # Empty bytes only: with a number as its argument, bytes() would fill the memory.
    ("__builtin__", "bytes"): _Builder(lambda: b""),
    ("builtins", "bytes"): _Builder(lambda: b""),
}


class _Machine:
    """Python's pickle machine, without any operation that a batch does not need."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.integers: dict[int, int] = {}

    def run(self, data: bytes | MappedPickle) -> dict[str, Any]:
        for operation, argument, _ in pickletools.genops(data):
            self.step(operation.name, argument)
        if len(self.stack) != 1 or not isinstance(self.stack[0], dict):
            raise UnsafePickleError("it holds no dictionary")
        return {
            key: value.value if isinstance(value, _Array) else value for key, value in self.stack[0].items()
        }

    def step(self, name: str, argument: Any) -> None:
        """Execute one opcode; the most frequent ones come first."""
        stack = self.stack
        match name:
            case "BININT1" | "BININT" | "BININT2" | "INT" | "LONG" | "LONG1" | "LONG4":
                if argument.bit_length() > MAX_INTEGER_BITS:
                    raise UnsafePickleError(f"an integer of {argument.bit_length()} bits")
                # One object for all equal labels. Small ones only, since hashing can be made to take forever.
                shared = 0 <= argument < MAX_SHARED_INTEGER
                stack.append(self.integers.setdefault(argument, argument) if shared else argument)
            case _ if name in LITERALS:
                stack.append(argument)
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                stack.append(self.memo[argument])
            case "MARK":
                self.marks.append(len(stack))
            case _ if name in CONSTANTS:
                stack.append(CONSTANTS[name]())
            case "LIST":
                stack.append(self.pop_to_mark())
            case "TUPLE":
                stack.append(tuple(self.pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self.pop(int(name[-1]))))
            case "DICT":
                items = self.pop_to_mark()
                stack.append({})
                self.set_items(items)
            case "APPEND":
                self.extend(self.pop(1))
            case "APPENDS":
                self.extend(self.pop_to_mark())
            case "SETITEM":
                self.set_items(self.pop(2))
            case "SETITEMS":
                self.set_items(self.pop_to_mark())
            case "GLOBAL":
                stack.append(_named(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(_named(*self.pop(2)))
            case "REDUCE":
                self.build(*self.pop(2))
            case "BUILD":
                self.set_state(*self.pop(1))
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _:
                raise UnsafePickleError(f"the operation {name}, which no batch needs")

    def pop(self, count: int) -> list[Any]:
        """Remove and return the last `count` values, none from below the last mark."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise UnsafePickleError("an operation without its values")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def pop_to_mark(self) -> list[Any]:
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise UnsafePickleError(f"entries for {describe_value(self.stack[-1])}, which is no list")
        self.stack[-1].extend(values)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise UnsafePickleError(f"keys and values for {describe_value(target)}, which is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Text alone: the hash of tuples in tuples can be made to take forever.
            if not isinstance(key, str | bytes):
                raise UnsafePickleError(f"{describe_value(key)} as a key")
            if _text(key) in target:
                raise UnsafePickleError(f"the key {describe_value(_text(key))} twice")
            target[_text(key)] = value

    def set_state(self, state: Any) -> None:
        if not isinstance(self.stack[-1], _Type | _Array):
            raise UnsafePickleError(f"a state for {describe_value(self.stack[-1])}")
        self.stack[-1].set_state(state)

    def build(self, builder: Any, arguments: Any) -> None:
        if not isinstance(builder, _Builder) or not isinstance(arguments, tuple):
            raise UnsafePickleError(f"a call of {describe_value(builder)}")
        self.stack.append(builder.build(*arguments))


def _named(module: Any, name: Any) -> _Builder:
    if not isinstance(module, str) or not isinstance(name, str):
        raise UnsafePickleError(
            f"it asks for {describe_value(module)}, {describe_value(name)}, which is no name"
        )
    if (module, name) not in _BUILDERS:
        raise UnsafePickleError(
            f"it asks for {escape_ascii(module, 60)}.{escape_ascii(name, 60)}, which was not run"
        )
    return _BUILDERS[module, name]
