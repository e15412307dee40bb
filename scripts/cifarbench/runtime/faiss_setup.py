"""Import faiss with the fastest kernels of this processor: `from cifarbench.runtime.faiss_setup import faiss`."""

import os
from types import ModuleType

# Loads numpy's OpenBLAS, whose kernels are detected below.
import numpy  # noqa: F401
from threadpoolctl import threadpool_info

VARIABLE = "OPENBLAS_CORETYPE"
# Processors that are newer than the OpenBLAS in faiss's wheel (0.3.15), with its best kernels for them.
CORE_TYPE_ALIASES = {"SapphireRapids": "SkylakeX"}
# Number of query values from which faiss computes distances by matrix products; the default of faiss 1.15 is 128,000.
MIN_PRODUCT_VALUES = 100


def openblas_core_type() -> str | None:
    """Return the core type that numpy's OpenBLAS detects, by faiss's name; None if numpy has another library.

    The OpenBLAS in faiss's wheel is older than many processors. For unknown processors it selects kernels without
    vector instructions, which have an eighth of the speed on a two-core Ice Lake.
    """
    libraries = (library for library in threadpool_info() if library["internal_api"] == "openblas")
    core_type = next((library.get("architecture", "") for library in libraries), "")
    return CORE_TYPE_ALIASES.get(core_type, core_type) or None


def _load() -> ModuleType:
    core_type = openblas_core_type() if VARIABLE not in os.environ else None
    if core_type:
        os.environ[VARIABLE] = core_type
    try:
        import faiss
    finally:
        # Libraries that are loaded later detect the processor themselves.
        if core_type:
            del os.environ[VARIABLE]
    # By default, faiss would not use matrix products for few queries, which takes two to four times as long.
    faiss.cvar.distance_compute_blas_threshold = MIN_PRODUCT_VALUES
    return faiss


faiss = _load()

# After _load, since it imports faiss.
from faiss.contrib.inspect_tools import get_invlist as get_invlist  # noqa: E402
