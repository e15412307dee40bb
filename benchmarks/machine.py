"""What the measurements were made on."""

import os
import platform
from importlib.metadata import version

from cifarbench.study.cost import processor

PACKAGES = ["numpy", "scikit-learn", "faiss-cpu", "torch", "snakemake"]


def describe() -> str:
    """Processor, cores, memory and versions, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{cores} cores of {processor()}, {memory:.0f} GB, Python {platform.python_version()}, {versions}"
