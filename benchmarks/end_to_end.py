"""The workflow as a user runs it: the whole study, its learning curves, the demo, a run with nothing to do."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(archive_config: list[str], n_train: int, work: Path) -> Path:
    """Return the folder of the arrays to measure on: those of CIFAR-10's archive, or synthetic images of its shape."""
    work.mkdir(parents=True, exist_ok=True)
    if archive_config:
        _snakemake(work, "results/cifar10/data/dataset.json", config=archive_config)
        return work / "results/cifar10/data"
    name, shape = f"synthetic_{n_train}", [3, 32, 32]
    entry = {"n_train": n_train, "n_test": n_train // 5, "n_classes": 10, "image_shape": shape}
    overlay = work / "synthetic.yaml"
    overlay.write_text(yaml.safe_dump({"dataset": name, "datasets": {name: entry | {"type": "synthetic"}}}))
    _snakemake(work, f"results/{name}/data/dataset.json", configfiles=[overlay])
    return work / f"results/{name}/data"


def measure_demo(work: Path) -> list[dict[str, Any]]:
    """Return rows for the demo and for a run with nothing to do."""
    demo = PROJECT / "config/digits.yaml"
    shutil.rmtree(work / "results/digits", ignore_errors=True)
    names = ("the demo", "a run with nothing to do")
    return [{"case": name} | _snakemake(work, configfiles=[demo]) for name in names]


def measure_study(work: Path, archive_config: list[str], reference_seconds: float) -> list[dict[str, Any]]:
    """Return rows for the whole study and its learning curves. reference_seconds: the sum over the study's cases."""
    shutil.rmtree(work / "results/cifar10", ignore_errors=True)
    study = {"case": "the whole study, archive to report"} | _snakemake(work, config=archive_config)
    study["measured_on"] = "reference: the sum of its cases above"
    study |= {"reference_seconds": reference_seconds, "faster": reference_seconds / study["seconds"]}
    overlay = work / "halved.yaml"
    overlay.write_text("suite:\n  datasets: [cifar10]\n  train_sizes: 5\n")
    curves = {"case": "learning curves of the study, five sizes up to a half"}
    return [study, curves | _snakemake(work, configfiles=[overlay], config=archive_config)]


def _snakemake(
    work: Path, *targets: str, configfiles: list[Path] = (), config: list[str] = ()
) -> dict[str, Any]:
    """Run the workflow in the folder `work`; return its seconds, and how busy Snakemake and its jobs kept the cores."""
    command = ["snakemake", "--snakefile", str(PROJECT / "workflow/Snakefile"), "--directory", str(work)]
    command += ["--cores", str(CORES), "--quiet", "all"]
    command += ["--configfile", str(PROJECT / "config/config.yaml"), *map(str, configfiles)]
    if config:
        command += ["--config", *config]
    # The system adds a process that was waited for, with its own children, to the times of children.
    before, start = os.times(), time.perf_counter()
    subprocess.run([*command, "--", *targets], check=True)
    seconds, after = time.perf_counter() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    results = f"cores busy {used / (seconds * CORES):.0%} of the time"
    return {"measured_on": "all of it", "seconds": seconds, "results": results}
