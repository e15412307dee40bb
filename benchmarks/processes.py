"""Run measurements in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
# What rule train_network tells the C library.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def measure(*jobs: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run jobs side by side: the longest time, the largest memory, all results.

    A job has `way`, `part`, and may have `n_train`, `options`, and `threads` for the numerical libraries.
    """
    processes = [_start(folder, **job) for job in jobs]
    found = []
    for process in processes:
        output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"A measurement failed: {' '.join(process.args)}")
        found.append(json.loads(output.splitlines()[-1]))
    longest = max(one["seconds"] for one in found)
    print(*(f"{job['way']}.{job['part']}" for job in jobs), f"{longest:.1f} s", file=sys.stderr, flush=True)
    return {
        "seconds": longest,
        "peak_memory_mb": max(one["peak_memory_mb"] for one in found),
        "results": [one["result"] for one in found],
    }


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median time and memory of several runs, the time of each, and the last one's results."""
    names = ("seconds", "peak_memory_mb")
    found = {name: median(run[name] for run in runs) for name in names}
    return found | {"each": [run["seconds"] for run in runs], "results": runs[-1]["results"]}


def _start(
    folder: Path, way: str, part: str, n_train: int = 50_000, options: dict | None = None, threads: int = 0
) -> subprocess.Popen:
    environment = os.environ | ({name: str(threads) for name in LIBRARIES} if threads else {})
    if way == "ours" and part in ("network", "convnet"):
        environment |= KEEP_FREED_MEMORY
    environment["PYTHONPATH"] = str(HERE.parent / "scripts")
    command = [sys.executable, str(HERE / "measure.py"), way, part, "--data", str(folder)]
    command += ["--n-train", str(n_train), "--options", json.dumps(options or {})]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
