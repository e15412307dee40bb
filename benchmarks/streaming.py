"""Training from a stream against training in memory: accuracy over some seeds, and speed, on a finished run's images.

    PYTHONPATH=scripts python benchmarks/streaming.py --results results/cifar10 --page docs/scaling.md

A pool is a twentieth of the images, as that of downsampled ImageNet is with the pool that trainings have. Seconds are
the processor's, since other work may share the machine.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cifarbench.networks import streams
from cifarbench.networks.fitting import fit
from cifarbench.study.cost import processor
from cifarbench.study.files import read_json
from cifarbench.study.pages import replace_part

CONFIGURATION = Path(__file__).parents[1] / "config/config.yaml"
MODEL, POOLS = "mlp", 20
WAYS = {"in memory": False, "streamed": True}


def measure(results: Path, epochs: int, seeds: int) -> list[dict[str, Any]]:
    """A row for each seed and way: `streamed`, `accuracy` on the test images after the last epoch, and `seconds`."""
    params = yaml.safe_load(CONFIGURATION.read_text())["models"][MODEL]
    params = {name: value for name, value in params.items() if name != "family"} | {"epochs": epochs}
    about = read_json(results / "data/dataset.json")
    streams.POOL_BYTES = np.load(results / "data/train_images.npy", mmap_mode="r").nbytes // POOLS
    parts = [
        (results / f"data/{split}_images.npy", results / f"data/{split}_labels.npy", None)
        for split in ("train", "test")
    ]
    found = []
    for seed in range(seeds):
        for streamed in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                start = time.process_time()
                fitted = fit(
                    *(params, seed, about, *parts),
                    checkpoints=folder,
                    checkpoint_seconds=1e9,
                    code="",
                    threads=1,
                    streamed=streamed,
                )
                seconds = time.process_time() - start
            accuracy = fitted.history[-1]["test_accuracy"]
            found.append({"streamed": streamed, "accuracy": accuracy, "seconds": seconds})
            print(found[-1], flush=True)
    return found


def table(found: list[dict[str, Any]], epochs: int) -> str:
    """What was measured, in words and as a table."""
    ways = {name: [one for one in found if one["streamed"] == streamed] for name, streamed in WAYS.items()}
    seconds = {name: float(np.median([one["seconds"] for one in rows])) for name, rows in ways.items()}
    lines = [
        f"`{MODEL}`, {epochs} epochs, {len(found) // 2} seeds, one thread of {processor()}; the pool is a twentieth of "
        f"the images. Streaming had {seconds['in memory'] / seconds['streamed']:.2f} times the speed, by the "
        "processor's time.",
        "",
        "| training images | accuracy, mean | lowest to highest | seconds an epoch, median |",
        "|---|--:|--:|--:|",
    ]
    for name, rows in ways.items():
        accuracies = [one["accuracy"] for one in rows]
        lines.append(
            f"| {name} | {np.mean(accuracies):.4f} | {min(accuracies):.4f} to {max(accuracies):.4f} | "
            f"{seconds[name] / epochs:.2f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.results, options.epochs, options.seeds)
    replace_part(options.page, "benchmarks/streaming.py", table(found, options.epochs))


if __name__ == "__main__":
    main()
