"""The workflow itself, from outside: the whole study, the demo, a run with nothing to do."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import data

PROJECT = Path(__file__).parents[1]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    """Rows for the demo, for a run with nothing to do, and, if wished, for the whole study."""
    work.mkdir(parents=True, exist_ok=True)
    demo = PROJECT / "config/digits.yaml"
    subprocess.run(["rm", "-rf", str(work / "results/digits")], check=True)
    rows = [
        {"part": "the demo", "measured_on": "all of it", "seconds": _snakemake(work, configfiles=[demo])},
        {
            "part": "a run with nothing to do",
            "measured_on": "all of it",
            "seconds": _snakemake(work, configfiles=[demo]),
        },
    ]
    if whole_study and (work / "study.args").exists():
        subprocess.run(["rm", "-rf", str(work / "results/cifar10")], check=True)
        seconds = _snakemake(work, config=_archive_config(work))
        plain = sum(part["plain_seconds"] for part in parts)
        rows.append(
            {
                "part": "the whole study, archive to report",
                "measured_on": "plain: the sum of the parts above",
                "plain_seconds": plain,
                "seconds": seconds,
                "faster": plain / seconds,
                "results": f"cores busy {_busy_share(work / 'results/cifar10/benchmarks', seconds):.0%} of the time",
            }
        )
    return rows


def _busy_share(benchmarks: Path, seconds: float) -> float:
    """Processor seconds of all measured jobs over the seconds that all cores had."""
    busy = 0.0
    for path in benchmarks.rglob("*.tsv"):
        header, values = (line.split("\t") for line in path.read_text().splitlines()[:2])
        busy += float(values[header.index("cpu_time")])
    return busy / (seconds * CORES)


def _archive_config(work: Path) -> list[str]:
    return (work / "study.args").read_text().splitlines()


def _snakemake(work: Path, *targets: str, configfiles: list[Path] = (), config: list[str] = ()) -> float:
    """Run the workflow in the folder `work`, and return the seconds that it took."""
    command = ["snakemake", "--snakefile", str(PROJECT / "workflow/Snakefile"), "--directory", str(work)]
    command += ["--cores", str(CORES), "--quiet", "all"]
    command += ["--configfile", str(PROJECT / "config/config.yaml"), *map(str, configfiles)]
    if config:
        command += ["--config", *config]
    start = time.perf_counter()
    subprocess.run([*command, "--", *targets], check=True)
    return time.perf_counter() - start
