"""What the measurements were made on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from cifarbench.study.cost import processor

PACKAGES = ["numpy", "scikit-learn", "faiss-cpu", "torch", "snakemake"]


def name() -> str:
    """Cores and processor: measurements of one such machine are comparable."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {processor()}"


def commit(project: Path) -> str:
    """The commit that was measured, marked if files differ from it; `unknown` outside a git clone."""
    done = subprocess.run(
        ["git", "-C", str(project), "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"


def describe() -> str:
    """Processor, cores, memory and versions, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{name()}, {memory:.0f} GB, Python {platform.python_version()}, {versions}"
