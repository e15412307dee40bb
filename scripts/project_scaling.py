"""Tell how long larger studies would take on more nodes, from the job times that a run has measured."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from cifarbench.study.command import run

from cifarbench.study.errors import UserError
from cifarbench.study.pages import part, replace_part
from cifarbench.study.scaling import Measured, read_jobs, schedule

NODES = [1, 10, 100]
NETWORK = {"family": "mlp", "hidden_dim": 128, "batch_norm": False, "dropout": 0.0}
TRAINING = {"learning_rate": 0.001, "batch_size": 128, "epochs": 200}
GRID = {"n_components": list(range(10, 310, 10)), "n_neighbors": [5, 10, 15]}
# Each study is the shipped configuration with this laid over it.
STUDIES: dict[str, dict[str, Any]] = {
    "the study": {},
    "a grid of 300 cells: 30 numbers of components, 10 folds": {
        "compare": ["large_grid"],
        "models": {
            "large_grid": {"family": "knn", "features": "scaled_pca", "tune": {"folds": 10, "grid": GRID}},
        },
    },
    "10 networks with 50 seeds each": {
        "compare": [f"network_{number}" for number in range(10)],
        "models": {f"network_{number}": NETWORK | TRAINING for number in range(10)},
        "seeds": list(range(50)),
    },
}


def main(
    benchmarks: Path, page: Path, cores_per_node: int = 8, overhead: float = 10.0, unmeasured: float = 3.0
) -> None:
    """Write the table into `page`, between its two marks.

    benchmarks: the benchmark files of a finished run of the study. overhead: seconds that every job of a cluster
    takes beside its work. unmeasured: seconds of a job whose rule keeps no benchmark.
    """
    part(page, "make scaling")
    measured = Measured(benchmarks, unmeasured)
    rows = [
        f"| study | jobs | core hours | longest chain | {' | '.join(map(_nodes, NODES))} |",
        "|---|--:|--:|--:|" + "--:|" * len(NODES),
    ]
    for name, overlay in STUDIES.items():
        jobs = read_jobs(_dry_run(overlay))
        seconds = [measured.of(job) + overhead for job in jobs]
        runs = [schedule(jobs, seconds, nodes, cores_per_node) for nodes in NODES]
        cells = [f"{_time(found.makespan)} ({found.core_seconds / found.makespan:.1f}x)" for found in runs]
        rows.append(
            f"| {name} | {len(jobs)} | {runs[0].core_seconds / 3600:.1f} | {_time(runs[0].critical_path)} "
            f"| {' | '.join(cells)} |"
        )
    table = "\n".join(rows)
    replace_part(page, "make scaling", table)
    print(table)


def _dry_run(overlay: dict[str, Any]) -> str:
    """What Snakemake would do for the study with `overlay` laid over it, with nothing there yet."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(overlay, file)
        file.flush()
        command = ["-m", "snakemake", "--dry-run", "--forceall", "--cores", "1", "--configfile", file.name]
        answer = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if answer.returncode:
        raise UserError(f"Snakemake can't plan the study: {answer.stderr.strip()}")
    return answer.stdout


def _nodes(count: int) -> str:
    return f"{count} node" + "s" * (count > 1)


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


if __name__ == "__main__":
    run(main)
