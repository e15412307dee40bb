"""Approximate search against the exact one: recall and throughput by `nprobe`, on a finished run's features.

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

from cifarbench.neighbors.approximate import recall
from cifarbench.neighbors.ivf import IVFIndex
from cifarbench.neighbors.search import nearest_rows
from cifarbench.study.cost import Stopwatch, processor
from cifarbench.study.pages import replace_part

COUNT, EXACT_QUERIES, MEMORY_MB, REPEATS = 10, 1000, 2000, 3
NPROBES = [2, 4, 8, 16, 20, 24, 32, 64, 128]
REACHED = 0.95


def measure(values: np.ndarray, queries: np.ndarray, nlist: int) -> tuple[float, list[dict[str, Any]]]:
    """Return the exact search's queries per second, and a row for each `nprobe` of the approximate one.

    Both are timed in turn, since a processor's speed changes from minute to minute; all are medians.
    """
    sample, rows = np.arange(min(EXACT_QUERIES, len(queries))), np.arange(len(values))
    exact_seconds, found = [], []
    with Stopwatch() as building:
        index = IVFIndex(values, rows, "euclidean", {"nlist": nlist, "nprobe": 1}, threads=1)
        index.add(index.blocks)
    for nprobe in NPROBES:
        index.index.nprobe = nprobe
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
                neighbors, _ = index.search(queries, COUNT, MEMORY_MB)
            seconds.append((searching_all.seconds / len(sample), searching.seconds / len(queries)))
        exact_seconds += [exactly for exactly, _ in seconds]
        found.append(
            {
                "nprobe": nprobe,
                "recall": recall(neighbors[sample], exact),
                "per_second": 1 / np.median([one for _, one in seconds]),
                "times": np.median([exactly / one for exactly, one in seconds]),
                "build_seconds": building.seconds,
            }
        )
    return 1 / np.median(exact_seconds), found


def table(exactly: float, found: list[dict[str, Any]], shape: tuple[int, int], nlist: int) -> str:
    """Format what was measured as a sentence and a table."""
    lines = [
        f"{shape[0]:,} points of {shape[1]} values, one thread of {processor()}; {nlist:,} lists, built in "
        f"{found[0]['build_seconds']:,.0f} s; the exact search: {exactly:,.0f} queries per second.",
        "",
        f"| nprobe | recall of {COUNT} | queries per second | times the exact search |",
        "|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one['nprobe']} | {one['recall']:.3f} | {one['per_second']:,.0f} | {one['times']:,.0f} |"
        for one in found
    ]
    return "\n".join(lines)


def draw(found: list[dict[str, Any]], exactly: float, path: Path) -> None:
    """Plot throughput on a logarithmic axis against recall."""
    figure = Figure(figsize=(7.2, 4), layout="constrained")
    axes = figure.subplots()
    recalls, speeds = ([one[name] for one in found] for name in ("recall", "per_second"))
    axes.plot(recalls, speeds, color="#d55e00", marker="s", label="ivf")
    axes.axhline(exactly, color="#767676", linestyle=":", label="exact")
    axes.axvline(REACHED, color="#767676", linewidth=0.6)
    axes.set(yscale="log", xlabel=f"recall of the {COUNT} nearest", ylabel="queries per second")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    """Measure, write the table into the page, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--nlist", type=int, default=2048)
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    options = parser.parse_args()
    folder = options.results / "features" / options.features / "all"
    values, queries = np.load(folder / "train.npy", mmap_mode="r"), np.load(folder / "test.npy")
    with threadpool_limits(1):
        exactly, found = measure(values, queries, options.nlist)
    replace_part(
        options.page, "benchmarks/approximate.py", table(exactly, found, values.shape, options.nlist)
    )
    draw(found, exactly, options.picture)


if __name__ == "__main__":
    main()
