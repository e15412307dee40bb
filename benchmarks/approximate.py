"""Measure recall and throughput of approximate search against exact search, on the features of a finished run.

    PYTHONPATH=scripts python benchmarks/approximate.py --results results/synthetic --features pca \
        --page docs/scaling.md

One thread for both searches.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.neighbors.approximate import found_rows, recall
from cifarbench.study.cost import Stopwatch, processor
from cifarbench.study.pages import replace_part

N_NEIGHBORS = 10
N_LISTS = 2048
N_PROBES = [2, 4, 8, 16, 20, 24, 32, 64, 128]
EXACT_QUERIES = 1000
MEMORY_MB = 2000
REPEATS = 3


def search(values: np.ndarray, queries: np.ndarray, n_probes: int | None) -> tuple[np.ndarray, float, float]:
    """Return the neighbors of the queries, and the seconds of building the index and of searching it."""
    method = n_probes and {"method": "ivf", "lists": N_LISTS, "effort": n_probes}
    params = {"metric": "euclidean", "n_neighbors": N_NEIGHBORS, "search": method}
    building, rows = Stopwatch(), np.arange(len(values))
    # Exact search has nothing to build.
    options = {"preparing": building} if n_probes else {}
    with Stopwatch() as total:
        neighbors, _ = found_rows(values, rows, queries, params, threads=1, memory_mb=MEMORY_MB, **options)
    return neighbors, building.seconds, total.seconds - building.seconds


def measure(values: np.ndarray, queries: np.ndarray, n_probes: int) -> dict[str, Any]:
    """Return medians of both searches, in turn, since a processor's speed changes from minute to minute."""
    sample = queries[:EXACT_QUERIES]
    runs = []
    for _ in range(REPEATS):
        exact, _, exact_seconds = search(values, sample, None)
        neighbors, build_seconds, seconds = search(values, queries, n_probes)
        runs.append((len(sample) / exact_seconds, len(queries) / seconds, build_seconds))
    exact_rate, rate, build_seconds = np.median(runs, axis=0)
    return {
        "n_probes": n_probes,
        "recall": recall(neighbors[: len(sample)], exact),
        "rate": rate,
        "exact_rate": exact_rate,
        "ratio": np.median([approximate / exact for exact, approximate, _ in runs]),
        "build_seconds": build_seconds,
    }


def table(rows: list[dict[str, Any]], n_points: int, n_values: int) -> str:
    """Return the measurements as a sentence and a table."""
    exact_rate = np.median([row["exact_rate"] for row in rows])
    lines = [
        f"{n_points:,} points of {n_values} values, {N_LISTS} lists, one thread of {processor()}; exact search: "
        f"{exact_rate:,.0f} queries per second.",
        "",
        f"| lists probed | index built in | recall of {N_NEIGHBORS} | queries per second | times exact search |",
        "|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['n_probes']} | {row['build_seconds']:,.0f} s | {row['recall']:.3f} | {row['rate']:,.0f} | "
        f"{row['ratio']:,.0f} |"
        for row in rows
    ]
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
