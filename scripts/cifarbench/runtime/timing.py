"""What a piece of work cost: seconds, memory, threads, and the versions that did it."""

import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

PACKAGES = ["numpy", "scipy", "scikit-learn", "faiss-cpu", "torch", "torchvision"]


class Timer:
    """Wall-clock seconds of a `with` block, in `seconds` once it has ended; those of several add up."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start


def peak_memory_mb() -> float:
    """The largest resident size that this process has had, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kibibytes, macOS bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def cpu_name() -> str:
    """The name of the processor, as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def versions() -> dict[str, str]:
    """Python's version and those of the installed numerical packages."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def resource_usage(seconds: float, threads: int) -> dict[str, Any]:
    """What this process has cost, as the files of the workflow keep it."""
    return {"seconds": seconds, "peak_memory_mb": peak_memory_mb(), "threads": threads}


def sum_usage(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The cost of several steps: their seconds added up, the largest memory, the largest number of threads."""
    return {
        "seconds": sum(record["seconds"] for record in records),
        "peak_memory_mb": max(record["peak_memory_mb"] for record in records),
        "threads": max(record["threads"] for record in records),
    }
