"""Measure recall and throughput of approximate search against exact search, on the features of a finished run.

PYTHONPATH=scripts python benchmarks/approximate.py --results results/synthetic --features pca --nlist 1024
    --page docs/scaling.md
"""

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.io.markdown_sections import replace_section
from cifarbench.models.knn.ann import knn_search, measure_recall_and_qps
from cifarbench.runtime.timing import Timer, cpu_name

N_NEIGHBORS = 10
NPROBES = [2, 4, 8, 16, 20, 24, 32, 64, 128]
REPEATS = 3
OPTIONS = {"threads": 1, "memory_mb": 2000}


def measure(values: np.ndarray, queries: np.ndarray, nlist: int, nprobe: int) -> np.ndarray:
    """Return recall, queries per second of both searches, their ratio, and seconds to build the index: medians."""
    params = {"metric": "euclidean", "n_neighbors": N_NEIGHBORS, "ann": {"nlist": nlist, "nprobe": nprobe}}
    data, runs = (values, np.arange(len(values)), queries, params), []
    for _ in range(REPEATS):
        building = Timer()
        with Timer() as total:
            neighbors, _ = knn_search(*data, preparing=building, **OPTIONS)
        # The exact search is timed here, in turn, since a processor's speed changes from minute to minute.
        ann = measure_recall_and_qps(
            "knn", neighbors, *data, seconds=total.seconds - building.seconds, **OPTIONS
        )
        rate, exact_rate = ann["queries_per_second"], ann["exact_queries_per_second"]
        runs.append((ann["recall"], rate, exact_rate, rate / exact_rate, building.seconds))
    return np.median(runs, axis=0)


def table(rows: list[np.ndarray], n_points: int, n_values: int, nlist: int) -> str:
    """Format the measurements as a sentence and a table, one row per nprobe."""
    _, _, exact_rate, _, seconds = np.median(rows, axis=0)
    lines = [
        f"{n_points:,} points of {n_values} values, one thread of {cpu_name()}; {nlist:,} lists, built in "
        f"{seconds:,.0f} s; exact search: {exact_rate:,.0f} queries per second.",
        "",
        f"| nprobe | recall of {N_NEIGHBORS} | queries per second | times the exact search |",
        "|--:|--:|--:|--:|",
    ]
    for nprobe, (recall, rate, _, ratio, _) in zip(NPROBES, rows, strict=True):
        lines.append(f"| {nprobe} | {recall:.3f} | {rate:,.0f} | {ratio:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--nlist", type=int, required=True)
    parser.add_argument("--page", type=Path, required=True)
    options = parser.parse_args()
    folder = options.results / "features" / options.features / "all"
    values, queries = np.load(folder / "train.npy", mmap_mode="r"), np.load(folder / "test.npy")
    with threadpool_limits(1):
        rows = [measure(values, queries, options.nlist, nprobe) for nprobe in NPROBES]
    replace_section(options.page, "benchmarks/approximate.py", table(rows, *values.shape, options.nlist))


if __name__ == "__main__":
    main()
