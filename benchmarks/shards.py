"""What more nodes give an exact search: a shard and the merging of all, measured, with as many shards as cores.

    PYTHONPATH=scripts python benchmarks/shards.py --results results/synthetic --features pca --page docs/scaling.md

A shard of each size is searched here, on one core; nodes are reckoned to have eight, to be like this one, and to need
some seconds more for each job, for its way through a cluster. The processor's time is taken, since other work may
share the machine.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cifarbench.data.parts import rows_of_shard
from cifarbench.neighbors.search import merged, nearest_rows, read_neighbors, write_neighbors
from cifarbench.study.cost import processor
from cifarbench.study.pages import replace_part

COUNT, MEMORY_MB = 10, 2000
CORES_PER_NODE, OVERHEAD = 8, 10.0
NODES = [1, 10, 100]


def processor_seconds(work: Callable[[], object]) -> float:
    """What some work takes of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def startup_seconds() -> float:
    """What a job takes to begin: its libraries."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import cifarbench.neighbors.search"], check=True)
    return time.perf_counter() - start


def measure(values: np.ndarray, queries: np.ndarray, n_shards: int) -> tuple[float, float]:
    """Seconds of a shard's search, and of merging that many, on one core."""
    rows = rows_of_shard(np.arange(len(values)), [0, n_shards], None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shard.npz")

        def search() -> None:
            found = nearest_rows(
                *(values, rows, queries, np.arange(len(queries))),
                metric="euclidean",
                n_neighbors=COUNT,
                threads=1,
                memory_mb=MEMORY_MB,
            )
            write_neighbors(path, *found)

        searching = processor_seconds(search)
        # The same file each time takes as long as others would.
        return searching, processor_seconds(lambda: merged(map(read_neighbors, [path] * n_shards), COUNT))


def table(values: np.ndarray, queries: np.ndarray) -> str:
    """What was measured and what follows, in words and as a table."""
    startup, measured = startup_seconds(), {}
    for nodes in NODES:
        measured[nodes] = measure(values, queries, nodes * CORES_PER_NODE)
    # All shards of the smallest division, one after the other.
    alone = measured[NODES[0]][0] * NODES[0] * CORES_PER_NODE + startup + OVERHEAD
    lines = [
        f"{len(values):,} points of {values.shape[1]} values, {len(queries):,} queries, on {processor()}; a job begins "
        f"in {startup:.1f} s, and its way through a cluster is reckoned with {OVERHEAD:.0f} s. One job on one core, "
        f"from its eight shards: {alone:.0f} s.",
        "",
        "| nodes of 8 cores | shards | a shard, measured | merging, measured | the whole, projected | times one core |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for nodes, (searching, merging) in measured.items():
        whole = searching + merging + 2 * (startup + OVERHEAD)
        lines.append(
            f"| {nodes} | {nodes * CORES_PER_NODE} | {searching:.2f} s | {merging:.2f} s | {whole:.0f} s | "
            f"{alone / whole:.1f} |"
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
    replace_part(options.page, "benchmarks/shards.py", table(values, queries))


if __name__ == "__main__":
    main()
