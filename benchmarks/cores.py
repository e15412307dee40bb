"""How much of a second core a job uses: the same work with one thread and with two, by the clock.

    PYTHONPATH=scripts python benchmarks/cores.py [--page docs/scaling.md]

On a machine that does nothing else.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from cifarbench.study.cost import processor
from cifarbench.study.pages import replace_part

PAGE = Path(__file__).parents[1] / "docs/scaling.md"
# As many as CIFAR-10 has.
N_IMAGES, N_VALUES, N_QUERIES, REPEATS = 50_000, 3072, 10_000, 3


def work(job: str, threads: int) -> float:
    """Seconds of a job's work, the best of some repeats; libraries take their threads from the environment."""
    from cifarbench.features.chain import Step
    from cifarbench.features.components import PrincipalComponents
    from cifarbench.features.moments import Moments
    from cifarbench.neighbors.search import nearest_rows

    random = np.random.default_rng(0)
    images = random.integers(0, 256, (N_IMAGES, N_VALUES), np.uint8)
    few = Moments.of(images[:2000])
    step = Step("pca", {"n_components": 256}, PrincipalComponents.fit(few, False).arrays())
    components = random.standard_normal((4 * N_IMAGES, 64), np.float32)

    def among(values: np.ndarray) -> None:
        nearest_rows(
            *(values, np.arange(len(values)), values, np.arange(N_QUERIES)),
            metric="euclidean",
            n_neighbors=10,
            threads=threads,
            memory_mb=2000,
        )

    jobs = {
        "moments": lambda: Moments.of(images, threads=threads),
        "features, 256 components": lambda: [*step.blocks(images, (3, 32, 32), threads)],
        "neighbours on pixels": lambda: among(images),
        "neighbours on 64 components": lambda: among(components),
    }
    if not job:
        print("\n".join(jobs))
        return 0.0
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jobs[job]()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def child(*arguments: str, threads: int) -> str:
    """What this program says with so many threads."""
    environment = os.environ | {
        f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "BLIS")
    }
    command = [sys.executable, __file__, *arguments, "--threads", str(threads)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def table() -> str:
    """What was measured, in words and as a table."""
    lines = [
        f"{processor()}, best of {REPEATS}. Used: the seconds with one thread, through twice those with two.",
        "",
        "| work | one thread | two threads | of the cores used |",
        "|---|--:|--:|--:|",
    ]
    for job in child("--job", "", threads=1).splitlines()[:-1]:
        one, two = (float(child("--job", job, threads=threads)) for threads in (1, 2))
        lines.append(f"| {job} | {one:.2f} s | {two:.2f} s | {one / (2 * two):.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", help="one of them alone, in this process")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    if options.job is not None:
        print(work(options.job, options.threads))
    else:
        replace_part(options.page, "benchmarks/cores.py", table())


if __name__ == "__main__":
    main()
