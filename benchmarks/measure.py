"""Measure cases in separate processes. `measure` starts them; each runs `main`, which prints JSON."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import data

HERE = Path(__file__).parent
# Variables that rule train_network sets for the C library.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "1000000000"}
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Images of a call before the measured one, so that imports and start-up are not counted.
WARM_UP_IMAGES = 600


def measure(*jobs: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run jobs side by side. Return the longest time and all results.

    A job has `way` (a module of this folder) and `case` (a function of it), and may have `n_train`, `options`, and
    `threads` of the numerical libraries.
    """
    outputs = []
    for process in [_start(folder, **job) for job in jobs]:
        output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"A measurement failed: {' '.join(process.args)}")
        outputs.append(json.loads(output.splitlines()[-1]))
    seconds = max(output["seconds"] for output in outputs)
    print(*(f"{job['way']}.{job['case']}" for job in jobs), f"{seconds:.1f} s", file=sys.stderr, flush=True)
    return {
        "seconds": seconds,
        "results": [output["result"] for output in outputs],
    }


def _start(
    folder: Path, way: str, case: str, n_train: int = 50_000, options: dict | None = None, threads: int = 0
) -> subprocess.Popen:
    environment = os.environ | ({name: str(threads) for name in LIBRARIES} if threads else {})
    if way == "optimized" and case in ("network", "convnet", "pretrained"):
        environment |= KEEP_FREED_MEMORY
    environment["PYTHONPATH"] = str(HERE.parent / "scripts")
    command = [sys.executable, __file__, json.dumps([way, case, str(folder), n_train, options or {}])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def main() -> None:
    """Run a case on the first n_train images and print its seconds and result."""
    way, case, folder, n_train, options = json.loads(sys.argv[1])
    function = getattr(importlib.import_module(way), case)
    images = data.load(Path(folder))
    function(data.Images(*(array[:WARM_UP_IMAGES] for array in images)), **options)
    start = time.perf_counter()
    train = {name: getattr(images, name)[:n_train] for name in ("train", "train_labels")}
    result = function(images._replace(**train), **options)
    print(json.dumps({"seconds": time.perf_counter() - start, "result": result}))


if __name__ == "__main__":
    main()
