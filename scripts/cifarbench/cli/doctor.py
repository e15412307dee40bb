"""Print what this machine has, one line per item, and what of it an experiment would use.

It needs no package, so that it runs before the installation; without packages it can't read the configuration.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).parents[3]
MIN_PYTHON = (3, 11)
# Measured size of the installed packages in GB; on Linux with x86_64, PyTorch brings CUDA.
IS_CUDA_PLATFORM = (platform.system(), platform.machine()) == ("Linux", "x86_64")
ENVIRONMENT_GB = 6 if IS_CUDA_PLATFORM else 2
# Measured on CIFAR-10: size of the results, and memory of the largest job.
RESULTS_GB = 1
JOB_GB = 1
UNKNOWN = "known once the packages are installed"
# Limits of a container (cgroup v2), which the number of processors does not show.
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
MEMORY_MAX = Path("/sys/fs/cgroup/memory.max")


def python() -> str:
    """Return the version and path of this Python, and whether it is too old."""
    text = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < MIN_PYTHON:
        wanted = ".".join(map(str, MIN_PYTHON))
        return f"{text}: too old; name Python {wanted} or newer by `make demo PYTHON=python{wanted}`"
    return text


def packages(requirements: Path) -> str:
    """Return how many of the pinned packages are installed, without those that not every Python can have."""
    lines = (line.partition("#")[0].strip() for line in requirements.read_text().splitlines())
    pinned = dict(line.split("==", 1) for line in lines if line and ";" not in line)
    installed = {name: _version(name) for name in pinned}
    missing = [name for name in pinned if installed[name] is None]
    changed = [
        f"{name} {installed[name]} for {pinned[name]}"
        for name in pinned
        if installed[name] not in (None, pinned[name])
    ]
    if len(missing) == len(pinned):
        return f"none; `make demo` installs {len(pinned)} and their dependencies, {ENVIRONMENT_GB} GB, into .venv"
    text = f"{len(pinned) - len(missing)} of {len(pinned)} are installed"
    for title, names in (("missing", missing), ("in another version", changed)):
        if names:
            text += f"; {title}: {', '.join(names[:5])}" + " ..." * (len(names) > 5)
    return text


def cpu_limit() -> float | None:
    """Return the number of processors that a container may use; None without a limit."""
    try:
        quota, period = CPU_MAX.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def cores() -> str:
    """Return the number of cores, which is the number of jobs that run in parallel."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = cpu_limit()
    if limit and limit < count:
        return f"{count}, but this container may use {limit:g}: pass CORES={max(int(limit), 1)} to make"
    return f"{count}; as many jobs run in parallel, unless CORES= sets another number"


def memory() -> str:
    """Return the memory of this machine or container, and how much an experiment needs."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = MEMORY_MAX.read_text().strip() if MEMORY_MAX.exists() else "max"
    total = min(total, int(limit)) if limit.isdigit() else total
    return f"{total / 1e9:.1f} GB; CIFAR-10 needs {JOB_GB} GB per core"


def disk(folder: Path) -> str:
    """Return the free space on the disk, and how much packages and results need."""
    free = shutil.disk_usage(folder).free / 1e9
    needed = RESULTS_GB + (0 if (PROJECT / ".venv/.installed").exists() else ENVIRONMENT_GB)
    word = "enough" if free > needed else "too little"
    return f"{free:.1f} GB free, {word}: packages and results need {needed} GB more"


def gpu() -> str:
    """Return the GPUs that PyTorch detects; before the installation, those that the driver lists."""
    try:
        import torch

        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    except ImportError:
        names = _driver_gpus()
    return f"{', '.join(names)}; networks use it" if names else "none; networks train on the CPU, in parallel"


def cache_and_archive(archive: str, sha256: str) -> tuple[str, str]:
    """Return the cache folder, and the state of the archive."""
    try:
        import yaml

        from cifarbench.data.fetch import cache_dir, describe_download
        from cifarbench.data.provenance import check_archive
        from cifarbench.errors import UserError
    except ImportError:
        return UNKNOWN, UNKNOWN
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    entry = config["datasets"][config["dataset"]]
    folder = cache_dir(config.get("cache_dir"))
    existing = next(path for path in [folder, *folder.parents] if path.exists())
    is_writable = os.access(existing, os.W_OK)
    cache = str(folder) if is_writable else f"{folder}, which is not writable: name another as cache_dir"
    archive = archive or config.get("archive") or entry.get("archive")
    if not archive:
        return cache, describe_download(entry, folder, checked=True)
    try:
        actual = check_archive(archive, sha256 or config.get("sha256"))
    except UserError as error:
        return cache, str(error)
    official = "the official one" if actual == entry.get("sha256") else "not the official one, but accepted"
    return cache, f"{archive}, sha256 {actual[:12]}..., {official}"


def main(arguments: list[str]) -> None:
    """Print one line per item."""
    parser = argparse.ArgumentParser(prog="cifarbench doctor", description=__doc__)
    parser.add_argument("--archive", default="", help="a local archive to check")
    parser.add_argument("--sha256", default="", help="the expected checksum of the archive")
    options = parser.parse_args(arguments)
    cache, archive = cache_and_archive(options.archive, options.sha256)
    lines = {
        "Python": python(),
        "packages": packages(PROJECT / "requirements.txt"),
        "cores": cores(),
        "memory": memory(),
        "disk": disk(PROJECT),
        "GPU": gpu(),
        "cache": cache,
        "archive": archive,
    }
    for name, text in lines.items():
        print(f"{name:<9} {text}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _driver_gpus() -> list[str]:
    """Return the GPUs that the driver lists; none if it is missing or fails."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return result.stdout.splitlines()
