"""The workflow itself, from outside: the whole study, the demo, a run with nothing to do."""

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import data

PROJECT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Run:
    """Seconds from start to end, and processor seconds of Snakemake and all of its jobs, as the system counted them."""

    seconds: float
    processor_seconds: float

    @property
    def busy(self) -> float:
        """The share of all cores' time that was used."""
        return self.processor_seconds / (self.seconds * CORES)


def prepare(archive: Path | None, sha256: str | None, work: Path) -> Path:
    """The folder with the arrays to measure on: the archive's, unpacked by the workflow, or made-up ones."""
    if archive is None:
        folder = work / "stand_in"
        if not (folder / "test_labels.npy").exists():
            data.write_stand_in(folder)
        return folder
    checksum = [f'sha256="{sha256}"'] if sha256 else []
    (work / "study.args").parent.mkdir(parents=True, exist_ok=True)
    (work / "study.args").write_text("\n".join([f'archive="{archive.resolve()}"', *checksum]))
    _snakemake(work, "results/cifar10/data/dataset.json", config=_archive_config(work))
    return work / "results/cifar10/data"


def measure_workflow(work: Path, parts: list[dict[str, Any]], whole_study: bool) -> list[dict[str, Any]]:
    """Rows for the demo, for a run with nothing to do, and, if wished, for the whole study and its curves."""
    work.mkdir(parents=True, exist_ok=True)
    demo = PROJECT / "config/digits.yaml"
    subprocess.run(["rm", "-rf", str(work / "results/digits")], check=True)
    rows = [
        _row("the demo", _snakemake(work, configfiles=[demo])),
        _row("a run with nothing to do", _snakemake(work, configfiles=[demo])),
    ]
    if whole_study and (work / "study.args").exists():
        subprocess.run(["rm", "-rf", str(work / "results/cifar10")], check=True)
        run = _snakemake(work, config=_archive_config(work))
        plain = sum(part["plain_seconds"] for part in parts if part.get("of_study"))
        row = _row("the whole study, archive to report", run)
        row["measured_on"] = "plain: the sum of its parts above"
        rows.append(row | {"plain_seconds": plain, "faster": plain / run.seconds})
        rows += _curves(work, run)
    return rows


def _curves(work: Path, study: Run) -> list[dict[str, Any]]:
    """Rows for learning curves, once the study is there: of its models, and of one whose sizes share their search."""

    def run(times: int, *targets: str, models: str = "") -> Run:
        overlay = work / f"halved_{times}.yaml"
        overlay.write_text(f"{models}across:\n  datasets: [cifar10]\n  sizes: {times}\n")
        return _snakemake(work, *targets, configfiles=[overlay], config=_archive_config(work))

    curves = run(5)
    rows = [_row("learning curves of the study, five sizes up to a half", curves)]
    rows[0]["results"] += f", {curves.processor_seconds / study.processor_seconds:.2f} times the study's work"

    found = work / "results/cifar10/models/knn_raw"
    sizes = [50_000 >> halving for halving in range(1, 9)]
    runs = []
    for wanted in (sizes[:1], sizes):
        subprocess.run(["rm", "-rf", *(found / f"first_{size}" for size in sizes)], check=True)
        targets = [f"results/cifar10/models/knn_raw/first_{size}/predictions.npz" for size in wanted]
        runs.append(run(len(wanted), *targets, models="compare: [knn_raw]\n"))
    largest, all_sizes = (one.processor_seconds for one in runs)
    rows.append(_row("kNN on raw pixels, eight sizes up to a half", runs[1]))
    rows[1]["results"] += f", {all_sizes / largest:.2f} times the work of the largest"
    return rows


def _row(part: str, run: Run) -> dict[str, Any]:
    return {
        "part": part,
        "measured_on": "all of it",
        "seconds": run.seconds,
        "busy": run.busy,
        "results": f"cores busy {run.busy:.0%} of the time",
    }


def _archive_config(work: Path) -> list[str]:
    return (work / "study.args").read_text().splitlines()


def _snakemake(work: Path, *targets: str, configfiles: list[Path] = (), config: list[str] = ()) -> Run:
    """Run the workflow in the folder `work`, and return what it took."""
    command = ["snakemake", "--snakefile", str(PROJECT / "workflow/Snakefile"), "--directory", str(work)]
    command += ["--cores", str(CORES), "--quiet", "all"]
    command += ["--configfile", str(PROJECT / "config/config.yaml"), *map(str, configfiles)]
    if config:
        command += ["--config", *config]
    # A process that has been waited for counts among the children of who waited, with all children of its own.
    before, start = _processor_seconds(), time.perf_counter()
    subprocess.run([*command, "--", *targets], check=True)
    return Run(time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
