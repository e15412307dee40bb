"""Import faiss, set up for this processor: `from cifarbench.runtime.faiss_setup import faiss`."""

import os
from types import ModuleType

# Loads numpy's OpenBLAS.
import numpy  # noqa: F401
from threadpoolctl import threadpool_info

VARIABLE = "OPENBLAS_CORETYPE"
# Processors that came after the OpenBLAS in faiss's wheel (0.3.15), by the kernels of that one which suit them.
CORE_TYPE_ALIASES = {"SapphireRapids": "SkylakeX"}
# Values in queries from which on distances come from products of matrices; faiss 1.15 has 128,000.
MIN_PRODUCT_VALUES = 100


def openblas_core_type() -> str | None:
    """Return the core type that numpy's OpenBLAS detects, by faiss's name; None if numpy has another library.

    The OpenBLAS in faiss's wheel is older than many processors. For those it does not know, it selects kernels without
    vector instructions: an eighth of the speed on an Ice Lake of two cores.
    """
    found = [
        library.get("architecture") for library in threadpool_info() if library["internal_api"] == "openblas"
    ]
    return CORE_TYPE_ALIASES.get(found[0], found[0]) if found else None


def _load() -> ModuleType:
    told = openblas_core_type() if VARIABLE not in os.environ else None
    if told:
        os.environ[VARIABLE] = told
    try:
        import faiss
    finally:
        # What is loaded later knows better.
        if told:
            del os.environ[VARIABLE]
    # With fewer values in all queries it would multiply nothing, and take two to four times as long.
    faiss.cvar.distance_compute_blas_threshold = MIN_PRODUCT_VALUES
    return faiss


faiss = _load()

# Imports faiss, which is loaded by now.
from faiss.contrib.inspect_tools import get_invlist  # noqa: E402, F401
