"""Approximate search against the exact one: recall and throughput at several efforts, on a finished run's features.

    PYTHONPATH=scripts python benchmarks/approximate.py --results results/synthetic --features pca \
        --page docs/scaling.md --picture docs/recall.svg

One thread throughout, so that all are measured alike; each is the median of some times.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from cifarbench.neighbors.approximate import indexes, recall
from cifarbench.neighbors.search import merged, nearest_rows
from cifarbench.study.cost import Stopwatch, processor
from cifarbench.study.pages import replace_part

COUNT, EXACT_QUERIES, MEMORY_MB, REPEATS = 10, 1000, 2000, 3
SEARCHES = [
    ({"method": "hnsw", "links": 24, "build_effort": 60}, [4, 6, 8, 10, 16, 32, 64]),
    ({"method": "ivf", "lists": 2048}, [2, 4, 8, 16, 18, 20, 24, 32, 64, 128]),
]
REACHED = 0.95


def measure(values: np.ndarray, queries: np.ndarray) -> tuple[float, list[dict[str, Any]]]:
    """Queries a second of the exact search, and a row for each effort of each approximate one.

    Both are timed in turn, since a processor's speed changes from minute to minute; medians are told.
    """
    sample, rows = np.arange(min(EXACT_QUERIES, len(queries))), np.arange(len(values))
    exactly, found = [], []
    for search, efforts in SEARCHES:
        with Stopwatch() as building:
            built = [*indexes(values, rows, "euclidean", search, threads=1, memory_mb=MEMORY_MB, folder=None)]
        for effort in efforts:
            for index in built:
                index.effort = effort
            seconds = []
            for _ in range(REPEATS):
                with Stopwatch() as searching_all:
                    exact, _ = nearest_rows(
                        *(values, rows, queries, sample),
                        metric="euclidean",
                        n_neighbors=COUNT,
                        threads=1,
                        memory_mb=MEMORY_MB,
                    )
                with Stopwatch() as searching:
                    neighbors, _ = merged((index.nearest(queries, COUNT) for index in built), COUNT)
                seconds.append((searching_all.seconds / len(sample), searching.seconds / len(queries)))
            exactly += [of_all for of_all, _ in seconds]
            found.append(
                {
                    "method": search["method"],
                    "effort": effort,
                    "recall": recall(neighbors[sample], exact),
                    "per_second": 1 / np.median([one for _, one in seconds]),
                    "times": np.median([of_all / one for of_all, one in seconds]),
                    "build_seconds": building.seconds,
                }
            )
    return 1 / np.median(exactly), found


def table(exactly: float, found: list[dict[str, Any]], n_points: int, n_values: int) -> str:
    """What was measured, in words and as a table."""
    lines = [
        f"{n_points:,} points of {n_values} values, one thread of {processor()}; the exact search: {exactly:,.0f} "
        "queries a second.",
        "",
        f"| method | built in | effort | recall of {COUNT} | queries a second | times the exact search |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one['method']} | {one['build_seconds']:,.0f} s | {one['effort']} | {one['recall']:.3f} | "
        f"{one['per_second']:,.0f} | {one['times']:,.0f} |"
        for one in found
    ]
    return "\n".join(lines)


def draw(found: list[dict[str, Any]], exactly: float, path: Path) -> None:
    """Throughput on a logarithmic axis against recall, a line a method."""
    figure = Figure(figsize=(7.2, 4), layout="constrained")
    axes = figure.subplots()
    for method, color, mark in (("hnsw", "#0072b2", "o"), ("ivf", "#d55e00", "s")):
        of_method = [one for one in found if one["method"] == method]
        axes.plot(
            [one["recall"] for one in of_method],
            [one["per_second"] for one in of_method],
            color=color,
            marker=mark,
            label=method,
        )
    axes.axhline(exactly, color="#767676", linestyle=":", label="exact")
    axes.axvline(REACHED, color="#767676", linewidth=0.6)
    axes.set(yscale="log", xlabel=f"recall of the {COUNT} nearest", ylabel="queries a second")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    """Measure, write the table into the page, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    options = parser.parse_args()
    folder = options.results / "features" / options.features / "all"
    values, queries = np.load(folder / "train.npy", mmap_mode="r"), np.load(folder / "test.npy")
    with threadpool_limits(1):
        exactly, found = measure(values, queries)
    replace_part(options.page, "benchmarks/approximate.py", table(exactly, found, *values.shape))
    draw(found, exactly, options.picture)


if __name__ == "__main__":
    main()
