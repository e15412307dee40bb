"""The workflow as a user runs it: the whole study, its learning curves, the demo, a run with nothing to do."""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PROJECT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Run(NamedTuple):
    """Seconds from start to end, and processor seconds of Snakemake and all of its jobs, as the system counts them."""

    seconds: float
    processor_seconds: float


def prepare(archive_config: list[str], n_train: int, work: Path) -> Path:
    """Return the folder of the arrays to measure on: those of CIFAR-10's archive, or synthetic images of its shape."""
    work.mkdir(parents=True, exist_ok=True)
    if archive_config:
        _snakemake(work, "results/cifar10/data/dataset.json", config=archive_config)
        return work / "results/cifar10/data"
    name, shape = f"synthetic_{n_train}", [3, 32, 32]
    entry = {"n_train": n_train, "n_test": n_train // 5, "n_classes": 10, "image_shape": shape}
    overlay = work / "synthetic.yaml"
    overlay.write_text(yaml.safe_dump({"dataset": name, "datasets": {name: entry | {"kind": "synthetic"}}}))
    _snakemake(work, f"results/{name}/data/dataset.json", configfiles=[overlay])
    return work / f"results/{name}/data"


def measure_demo(work: Path) -> list[dict[str, Any]]:
    """Return rows for the demo and for a run with nothing to do."""
    demo = PROJECT / "config/digits.yaml"
    shutil.rmtree(work / "results/digits", ignore_errors=True)
    names = ("the demo", "a run with nothing to do")
    return [_row(name, _snakemake(work, configfiles=[demo])) for name in names]


def measure_study(work: Path, archive_config: list[str], reference_seconds: float) -> list[dict[str, Any]]:
    """Return rows for the whole study and its learning curves. reference_seconds: the sum over the study's cases."""
    shutil.rmtree(work / "results/cifar10", ignore_errors=True)
    study = _snakemake(work, config=archive_config)
    overlay = work / "halved.yaml"
    overlay.write_text("across:\n  datasets: [cifar10]\n  sizes: 5\n")
    curves = _snakemake(work, configfiles=[overlay], config=archive_config)
    whole = _row("the whole study, archive to report", study) | {
        "measured_on": "reference: the sum of its cases above",
        "reference_seconds": reference_seconds,
        "faster": reference_seconds / study.seconds,
    }
    return [whole, _row("learning curves of the study, five sizes up to a half", curves)]


def _row(name: str, run: Run) -> dict[str, Any]:
    busy = run.processor_seconds / (run.seconds * CORES)
    return {
        "case": name,
        "measured_on": "all of it",
        "seconds": run.seconds,
        "results": f"cores busy {busy:.0%} of the time",
    }


def _snakemake(work: Path, *targets: str, configfiles: list[Path] = (), config: list[str] = ()) -> Run:
    """Run the workflow in the folder `work`."""
    command = ["snakemake", "--snakefile", str(PROJECT / "workflow/Snakefile"), "--directory", str(work)]
    command += ["--cores", str(CORES), "--quiet", "all"]
    command += ["--configfile", str(PROJECT / "config/config.yaml"), *map(str, configfiles)]
    if config:
        command += ["--config", *config]
    # The system adds a process that was waited for, with its own children, to the usage of children.
    before, start = _processor_seconds(), time.perf_counter()
    subprocess.run([*command, "--", *targets], check=True)
    return Run(time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
