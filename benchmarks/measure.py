"""Measure one part, done one way, in a process of its own; prints JSON."""

import argparse
import importlib
import json
import resource
import time
from pathlib import Path

import data

# A call on a few images first, so that imports and start-up are not counted.
FEW = 600


def main() -> None:
    """Run `way.part` on the first n_train images and print its seconds, peak memory and result."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("way", choices=["plain", "ours", "bare"])
    parser.add_argument("part")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n-train", type=int, default=50_000)
    parser.add_argument("--options", type=json.loads, default={})
    arguments = parser.parse_args()

    part = getattr(importlib.import_module(arguments.way), arguments.part)
    images = data.load(arguments.data)
    few = data.Images(
        images.train[:FEW], images.train_labels[:FEW], images.test[:FEW], images.test_labels[:FEW]
    )
    part(few, **arguments.options)
    start = time.perf_counter()
    result = part(images.first(arguments.n_train), **arguments.options)
    seconds = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "peak_memory_mb": peak * 1024 / 1e6, "result": result}))


if __name__ == "__main__":
    main()
