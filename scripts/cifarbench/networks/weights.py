"""The weights in a file that `torch.save` wrote, for who needs them alone: importing torch takes seconds."""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a state dict, by name, in its order.

    path: as torch 1.6 and later write it: a zip file of a pickled dictionary, and beside it of each tensor's values.
    Nothing but tensors is unpickled; anything else raises pickle.UnpicklingError.
    """
    with zipfile.ZipFile(path) as archive:
        (pickled,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        with archive.open(pickled) as file:
            return dict(_Unpickler(file, archive, pickled.removesuffix("data.pkl")).load())


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, archive: zipfile.ZipFile, folder: str):
        super().__init__(file)
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, kind, key, *_ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}data/{key}"), kind)


def _tensor(values: np.ndarray, first: int, shape: tuple, strides: tuple, *_: Any) -> np.ndarray:
    steps = [step * values.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(values[first:], shape, steps).copy()
