import builtins
import functools
import io
import operator
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cifarbench.data.safe_unpickle import safe_load
from cifarbench.errors import UserError
from helpers.batches import make_batches, python2_pickle

PROTOCOLS = range(6)
BATCH = make_batches()["data_batch_1"]


class Calls:
    """Object that is pickled as a call of a function."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


def attacks(marker: Path) -> dict[str, object]:
    """Return objects that write the marker, or load something, when unpickled."""
    command = f"touch {marker}"
    code = f"open({str(marker)!r}, 'w').close()"
    objects = np.empty(1, object)
    objects[0] = Calls(os.system, command)
    return {
        "os.system": Calls(os.system, command),
        "subprocess.Popen": Calls(subprocess.Popen, ["touch", str(marker)]),
        "builtins.eval": Calls(builtins.eval, code),
        "builtins.exec": Calls(builtins.exec, code),
        "builtins.open": Calls(builtins.open, str(marker), "w"),
        "builtins.getattr": Calls(builtins.getattr, Calls(__import__, "os"), "system"),
        "operator.attrgetter": Calls(operator.attrgetter, "system"),
        "functools.partial": Calls(functools.partial, os.system, command),
        "pathlib.Path.touch": Calls(Path.touch, marker),
        "numpy.load": Calls(np.load, str(marker)),
        "numpy.fromfile": Calls(np.fromfile, str(marker)),
        "numpy.memmap": Calls(np.memmap, str(marker), "uint8", "w+", 0, (1,)),
        "numpy.save": Calls(np.save, str(marker), 1),
        "numpy.array": Calls(np.array, [1]),
        "array of objects": objects,
        "array of text": np.array(["a"]),
        "array of records": np.zeros(1, [("a", "u1")]),
        "array of dates": np.zeros(1, "M8[s]"),
        "array of complex numbers": np.zeros(1, complex),
        "numpy scalar": np.int64(3),
        "float": 1.5,
        "set": {1},
        "class": dict,
        "state for a list": Calls(list, state={"append": os.system}),
        "in a list": [1, [2, [Calls(os.system, command)]]],
        "in a tuple": (1, (Calls(os.system, command),)),
        "in a dictionary": {"a": {"b": Calls(os.system, command)}},
        "as a key": {Calls(os.system, command): 1},
        "call within a call": Calls(Calls, os.system, command),
    }


NAMES = list(attacks(Path("none")))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NAMES)
def test_no_pickle_is_executed(name, protocol, tmp_path):
    marker = tmp_path / "marker"
    data = _dumps({b"labels": [1], b"data": attacks(marker)[name]}, protocol)
    with pytest.raises(UserError, match=r"data_batch_1 is not a batch of images: .*; expected a pickled"):
        safe_load(data, "data_batch_1")
    assert not marker.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["os.system", "builtins.exec", "in a list", "array of objects"])
def test_attacks_work_with_the_standard_unpickler(name, protocol, tmp_path):
    marker = tmp_path / "marker"
    pickle.loads(_dumps(attacks(marker)[name], protocol))
    assert marker.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_batches_of_python_3_are_read(protocol):
    _assert_same(safe_load(pickle.dumps(BATCH, protocol), "batch"))


def test_batches_of_python_2_are_read():
    data = python2_pickle(BATCH)
    reference = pickle.loads(data, encoding="bytes")
    assert np.array_equal(reference[b"data"], BATCH[b"data"])
    _assert_same(safe_load(data, "batch"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "<f4", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numeric_arrays_are_read(protocol, dtype, order):
    array = np.asarray(np.arange(12).reshape(3, 4), dtype, order=order)
    content = {"data": array, "again": array, "empty": array[:0], "none": b""}
    found = safe_load(pickle.dumps(content, protocol), "batch")
    assert np.array_equal(found["data"], array)
    assert np.array_equal(found["again"], array)
    assert found["data"].dtype == array.dtype
    assert found["empty"].shape == (0, 4)
    assert found["none"] == b""


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "nothing": b"",
        "no pickle": b"<!DOCTYPE html><html>",
        "a list": pickle.dumps([1]),
        "no values": b".",
        "an unfinished pickle": pickle.dumps(BATCH)[:-10],
        "a pop below the bottom": b"a.",
        "a mark that is not there": b"}u.",
        "a memo that is not there": b"}h\x05.",
        "half a pair": b"}(U\x01au.",
        "a key twice": b"}(U\x01aK\x01U\x01aK\x02u.",
        "a tuple as a key": b"}(K\x01\x85K\x01u.",
        "an entry for a number": b"K\x01K\x02a.",
        "a state for a dictionary": b"}}b.",
        "an instance": b"(ios\nsystem\n.",
        "an instance by its class": b"(cos\nsystem\nU\x02lso.",
        "a new object": b"\x80\x02cos\nsystem\nU\x02ls\x85\x81.",
        "an extension": b"\x80\x02\x82\x01.",
        "a persistent object": b"Pid\n.",
        "a module with dots": b"\x80\x04\x8c\x05numpy\x8c\x0ecore.os.system\x93.",
        "a name that is no text": b"\x80\x04]]\x93.",
        "a call of a number": b"K\x01)R.",
        "a call of a token": b"cnumpy\nndarray\n)R.",
        "an array without a type": b"cnumpy.core.numeric\n_frombuffer\n(C\x01aNK\x01\x85U\x01CtR.",
        "an integer of a million bits": b"}U\x01a\x8b\x00\x00\x02\x00" + b"\x7f" * 0x20000 + b"s.",
        "text of four gigabytes": b"}X\xff\xff\xff\xffabc.",
        "bytes of 2**62": b"\x80\x04}\x8e" + (2**62).to_bytes(8, "little") + b"abc.",
        "a frame of 2**62": b"\x80\x04\x95" + (2**62).to_bytes(8, "little") + b"].",
    }.items(),
)
def test_other_pickles_are_refused(name, data):
    with pytest.raises(UserError, match="data_batch_1 is not a batch"):
        safe_load(data, "data_batch_1")


def test_memory_and_time_are_bounded():
    # The standard unpickler reserves 16 bytes for each memo index up to the largest.
    safe_load(b"}r\xff\xff\xff\xff.", "batch")
    # Nested tuples whose hash takes 2**60 steps.
    nested = b")" + b"q\x01h\x01\x86" * 60
    with pytest.raises(UserError, match="as a key"):
        safe_load(b"}" + nested + b"K\x01s.", "batch")
    safe_load(b"}U\x01a" + nested + b"s.", "batch")
    # Nested lists that exceed the recursion limit of a recursive reader.
    safe_load(b"}U\x01a" + b"]" * 100_000 + b"a" * 99_999 + b"s.", "batch")


@pytest.mark.parametrize("shape", [(11, 49), (-11, -48), (11, "48"), 11, (True, 528), (1, 1, 1, 1, 528)])
def test_arrays_must_have_the_size_of_their_content(shape):
    class Shaped:
        def __reduce__(self):
            return (_frombuffer, (BATCH[b"data"].tobytes(), np.dtype("u1"), shape, "C"))

    with pytest.raises(UserError, match="shape"):
        safe_load(pickle.dumps({"data": Shaped()}, 4), "batch")


def test_messages_are_printable_and_short():
    name = "\x1b[2J" + "x" * 1000
    with pytest.raises(UserError) as caught:
        safe_load(f"c{name}\nsystem\n.".encode(), "batch")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def _assert_same(found):
    assert set(found) == {"batch_label", "labels", "data", "filenames"}
    assert found["labels"] == BATCH[b"labels"]
    assert found["data"].dtype == np.uint8
    assert np.array_equal(found["data"], BATCH[b"data"])


def _dumps(value, protocol):
    """Pickle in pure Python, which accepts values that the C implementation refuses."""
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(value)
    return file.getvalue()


# Its module has another name in other versions of NumPy.
_frombuffer = np.zeros(1).__reduce_ex__(5)[0]
