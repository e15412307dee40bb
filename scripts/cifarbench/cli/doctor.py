"""Say in ten lines what this machine has, and what of it the study would use.

It needs no package, so that it can be asked before the installation, and then knows less: what the configuration says,
it cannot read yet.
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
NEEDED_PYTHON = (3, 11)
# Measured: the environment, a study's results, and the largest job of the study on CIFAR-10.
ENVIRONMENT_GB = {("Linux", "x86_64"): 6.0}
OTHER_ENVIRONMENT_GB = 2.0
RESULTS_GB = 1.0
JOB_GB = 1.0
UNKNOWN = "known once the packages are installed"
# Limits of a container, which the number of processors does not show: of cgroups 2 and 1.
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
QUOTA, PERIOD = (Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
MEMORY_MAX = [Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")]


def environment_gb() -> float:
    """What the packages take on this kind of machine."""
    return ENVIRONMENT_GB.get((platform.system(), platform.machine()), OTHER_ENVIRONMENT_GB)


def python() -> str:
    """Which Python this is, and whether it will do."""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < NEEDED_PYTHON:
        wanted = ".".join(map(str, NEEDED_PYTHON))
        return f"{found}: too old; {wanted} or newer is needed, named by `make demo PYTHON=python{wanted}`"
    return found


def packages(requirements: Path) -> str:
    """How many of the pinned packages are there."""
    lines = (line.partition("#")[0].strip() for line in requirements.read_text().splitlines())
    pinned = dict(line.split("==", 1) for line in lines if line)
    there = {name: _version(name) for name in pinned}
    missing = [name for name, found in there.items() if found is None]
    others = [
        f"{name} {found} for {pinned[name]}"
        for name, found in there.items()
        if found not in (None, pinned[name])
    ]
    if len(missing) == len(pinned):
        return f"none yet; `make demo` installs {len(pinned)} and what they need, {environment_gb():.0f} GB, into .venv"
    said = f"{len(pinned) - len(missing)} of {len(pinned)} are installed"
    for what, names in (("missing", missing), ("in another version", others)):
        if names:
            said += f"; {what}: {', '.join(names[:5])}" + " ..." * (len(names) > 5)
    return said


def cpu_limit() -> float | None:
    """The processors that a container is held to; None without such a limit."""
    try:
        if CPU_MAX.exists():
            quota, period = CPU_MAX.read_text().split()
        else:
            quota, period = QUOTA.read_text().strip(), PERIOD.read_text().strip()
        return None if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def cores() -> str:
    """How many cores there are, and how many jobs of one thread run side by side."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = cpu_limit()
    if limit and limit < count:
        return f"{count}, but this container is held to {limit:g}: say CORES={max(int(limit), 1)} to make"
    return f"{count}; so many jobs run side by side, unless CORES= says otherwise"


def memory() -> str:
    """The memory of this machine or container, and what of it the study needs."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in MEMORY_MAX:
        text = path.read_text().strip() if path.exists() else "max"
        total = min(total, int(text)) if text.isdigit() else total
    return f"{total / 1e9:.1f} GB; the study on CIFAR-10 needs {JOB_GB:.0f} GB for each core that works"


def disk(folder: Path) -> str:
    """The room that is left, and what will take it."""
    free = shutil.disk_usage(folder).free / 1e9
    needed = RESULTS_GB + (0 if (PROJECT / ".venv/.installed").exists() else environment_gb())
    word = "enough" if free > needed else "too little"
    return f"{free:.1f} GB free, {word}: packages and results of the study need {needed:.0f} GB more"


def gpu() -> str:
    """What PyTorch would train on; before the installation, what the driver knows of."""
    try:
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        names = [torch.cuda.get_device_name(number) for number in range(count)]
    except ImportError:
        names = _lines("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return (
        f"{', '.join(names)}; networks train there"
        if names
        else "none; networks train on the CPU, side by side"
    )


def cache_and_archive(archive: str, sha256: str) -> tuple[str, str]:
    """Where downloads are kept; whether the archive is there, and the right one."""
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
    place = next(path for path in [folder, *folder.parents] if path.exists())
    kept = f"{folder}" + (
        "" if os.access(place, os.W_OK) else ", which cannot be written to: name another as cache"
    )
    archive = archive or config.get("archive") or entry.get("archive")
    if not archive:
        return kept, describe_download(entry, folder, checked=True)
    try:
        found = check_archive(archive, sha256 or config.get("sha256"))
    except UserError as error:
        return kept, str(error)
    official = (
        ", the official one" if found == entry.get("sha256") else ", not the official one, but accepted"
    )
    return kept, f"{archive}, sha256 {found[:12]}...{official}"


def slurm() -> str:
    """Whether jobs can be sent to a cluster from here."""
    if not shutil.which("sbatch"):
        return "not here; all jobs run on this machine"
    said = _lines("sbatch", "--version")
    return (
        f"{said[0] if said else 'sbatch'}; unused unless you say --workflow-profile workflow/profiles/slurm"
    )


def main(arguments: list[str]) -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(prog="cifarbench doctor", description=__doc__)
    parser.add_argument("--archive", default="", help="one that you have")
    parser.add_argument("--sha256", default="", help="the checksum that it must have")
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
        "Slurm": slurm(),
    }
    for name, said in lines.items():
        print(f"{name:<9} {said}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _lines(*command: str) -> list[str]:
    """What a command prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines()
