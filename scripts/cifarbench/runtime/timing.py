"""Measure seconds and memory, and read the processor's name and the versions of packages."""

import contextlib
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

PACKAGES = ["numpy", "scipy", "scikit-learn", "faiss-cpu", "torch", "torchvision"]


class Timer:
    """Measure the wall-clock seconds of `with` blocks; `seconds` is their sum."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kibibytes, macOS bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def cpu_name() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed numerical packages."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            installed[package] = version(package)
    return installed


def resource_usage(seconds: float, threads: int) -> dict[str, Any]:
    """Return seconds, peak memory and threads of this process, as cost files store them."""
    return {"seconds": seconds, "peak_memory_mb": peak_memory_mb(), "threads": threads}


def sum_usage(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the total cost of several steps: the sum of seconds, the maximum of memory and threads."""
    return {
        "seconds": sum(record["seconds"] for record in records),
        "peak_memory_mb": max(record["peak_memory_mb"] for record in records),
        "threads": max(record["threads"] for record in records),
    }
