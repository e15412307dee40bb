"""Measure recall and throughput of approximate search against exact search, on the features of a finished run.

PYTHONPATH=scripts python benchmarks/approximate.py --results results/synthetic --features pca --page docs/scaling.md
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.neighbors.approximate import found_rows, judged
from cifarbench.study.cost import Stopwatch, processor
from cifarbench.study.pages import replace_part

N_NEIGHBORS = 10
N_LISTS = 2048
N_PROBES = [2, 4, 8, 16, 20, 24, 32, 64, 128]
OPTIONS = {"threads": 1, "memory_mb": 2000}


def measure(values: np.ndarray, queries: np.ndarray, n_probes: int) -> dict[str, Any]:
    """Return what `judged` returns, and `build_seconds`."""
    ann = {"nlist": N_LISTS, "nprobe": n_probes}
    params = {"metric": "euclidean", "n_neighbors": N_NEIGHBORS, "ann": ann}
    building, data = Stopwatch(), (values, np.arange(len(values)), queries, params)
    with Stopwatch() as total:
        neighbors, _ = found_rows(*data, preparing=building, **OPTIONS)
    seconds = total.seconds - building.seconds
    return judged("ivf", neighbors, *data, seconds=seconds, **OPTIONS) | {"build_seconds": building.seconds}


def table(rows: list[dict[str, Any]], n_points: int, n_values: int) -> str:
    """Return the measurements as a sentence and a table, one row per number of probed lists."""
    exact_rate = np.median([row["exact_queries_per_second"] for row in rows])
    lines = [
        f"{n_points:,} points of {n_values} values, {N_LISTS} lists, one thread of {processor()}; exact search: "
        f"{exact_rate:,.0f} queries per second.",
        "",
        f"| lists probed | index built in | recall of {N_NEIGHBORS} | queries per second | times exact search |",
        "|--:|--:|--:|--:|--:|",
    ]
    for n_probes, row in zip(N_PROBES, rows, strict=True):
        rate = row["queries_per_second"]
        lines.append(
            f"| {n_probes} | {row['build_seconds']:,.0f} s | {row['recall']:.3f} | {rate:,.0f} | "
            f"{rate / row['exact_queries_per_second']:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--page", type=Path, required=True)
    options = parser.parse_args()
    folder = options.results / "features" / options.features / "all"
    values, queries = np.load(folder / "train.npy", mmap_mode="r"), np.load(folder / "test.npy")
    with threadpool_limits(1):
        rows = [measure(values, queries, n_probes) for n_probes in N_PROBES]
    replace_part(options.page, "benchmarks/approximate.py", table(rows, *values.shape))


if __name__ == "__main__":
    main()
