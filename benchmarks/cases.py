"""Steps of the study, each by the reference implementation, by the workflow's code, and as a lower bound."""

import statistics
from pathlib import Path
from typing import Any, NamedTuple

from measure import measure

Row = dict[str, Any]

GRID = {"n_components": [64, 128, 256], "n_neighbors": [5, 10, 15]}
# Of nine candidates, with three folds: the number of fits divides evenly between two processes.
SIX_CANDIDATES = GRID | {"n_neighbors": [5, 10]}
# The convolutional network of config/extended.yaml, on twenty batches.
CONVNET = {"case": "convnet", "options": {"channels": [64, 128, 128]}, "n_train": 20 * 256}
# MobileNetV3-small on images of 96 x 96 pixels, with random weights.
BACKBONE = {"case": "pretrained", "threads": 1}
# The penalty of an image; blocks of config/extended.yaml's `batch_size`.
RIDGE = {"case": "ridge", "options": {"alpha": 0.001, "batch_size": 1024}, "threads": 1}
PATCHES = {"case": "patches", "options": {"n_patches": 400, "size": 6}, "threads": 1}


class Work(NamedTuple):
    """Jobs for `measure`, side by side or one after the other, and the factor from their time to the case's."""

    jobs: list[dict[str, Any]]
    factor: float = 1.0
    side_by_side: bool = True


def pca(standardize: bool) -> dict[str, Work]:
    """Return both ways of kNN on components."""
    return dict.fromkeys(
        ("reference", "optimized"), Work([{"case": "knn_pca", "options": {"standardize": standardize}}])
    )


def networks(epochs: int, **options: Any) -> list[dict[str, Any]]:
    """Return the jobs of both perceptrons."""
    return [
        {"case": "network", "options": {"epochs": epochs, "batch_norm": batch_norm}, **options}
        for batch_norm in (False, True)
    ]


ALL_WAYS = "reference", "lower_bound", "optimized"
# By name and what is measured: the ways, and the work of each.
STUDY = {
    ("kNN on raw pixels", "all of it"): dict.fromkeys(ALL_WAYS, Work([{"case": "knn_raw"}])),
    ("PCA(128) and kNN", "all of it"): pca(standardize=False),
    ("scaling, PCA(128) and kNN", "all of it"): pca(standardize=True),
    ("grid search", "reference: 6 of 9 candidates"): {
        "reference": Work([{"case": "grid", "options": SIX_CANDIDATES}], factor=9 / 6),
        "optimized": Work([{"case": "grid", "options": GRID, "threads": 1}]),
    },
    ("200 epochs of both perceptrons", "reference: 1 epoch, others: 20"): {
        "reference": Work(networks(1), factor=200, side_by_side=False),
        "lower_bound": Work([{"case": "network", "options": {"epochs": 20}, "threads": 1}] * 2, factor=10),
        "optimized": Work(networks(20, threads=1), factor=10),
    },
}
CASES = STUDY | {
    ("an epoch of the convolutional network", "5120 images"): dict.fromkeys(ALL_WAYS, Work([CONVNET])),
    ("ridge regression on raw pixels, 1 thread", "all of it"): dict.fromkeys(ALL_WAYS, Work([RIDGE])),
    ("400 patches on 5000 images, 1 thread", "reference: 500 images"): {
        "reference": Work([PATCHES | {"n_train": 500}], factor=10),
        "lower_bound": Work([PATCHES | {"n_train": 5000}]),
        "optimized": Work([PATCHES | {"n_train": 5000}]),
    },
    ("MobileNetV3-small on 10,000 images of 96 x 96, 1 thread", "reference: 1000 images"): {
        "reference": Work([BACKBONE | {"n_train": 1000}], factor=10),
        "lower_bound": Work([BACKBONE | {"n_train": 10_000}]),
        "optimized": Work([BACKBONE | {"n_train": 10_000}]),
    },
}


def measure_case(name: str, measured_on: str, folder: Path, repeats: int) -> Row:
    """Measure a case `repeats` times, its ways in turn, and return its row: medians, and their spread."""
    runs: dict[str, list[Row]] = {way: [] for way in CASES[name, measured_on]}
    # The reference of a grid takes minutes.
    for _ in range(1 if name == "grid search" else repeats):
        for way, work in CASES[name, measured_on].items():
            runs[way].append(_run(way, work, folder))
    seconds = {way: statistics.median(run["seconds"] for run in done) for way, done in runs.items()}
    beside = runs.get("lower_bound", runs["reference"])
    ratios = [run["seconds"] / other["seconds"] for run, other in zip(runs["optimized"], beside, strict=True)]
    return {
        "case": name,
        "measured_on": measured_on,
        "reference_seconds": seconds["reference"],
        "lower_bound_seconds": seconds.get("lower_bound"),
        "seconds": seconds["optimized"],
        "faster": seconds["reference"] / seconds["optimized"],
        "results": " / ".join(runs[way][-1]["results"] for way in ("reference", "optimized")),
        "repeats": len(ratios),
        # Relative standard deviation of the ratio of both ways' seconds.
        "spread": statistics.stdev(ratios) / statistics.mean(ratios) if len(ratios) > 1 else None,
    }


def _run(way: str, work: Work, folder: Path) -> Row:
    jobs = [job | {"way": way} for job in work.jobs]
    batches = [jobs] if work.side_by_side else [[job] for job in jobs]
    runs = [measure(*batch, folder=folder) for batch in batches]
    results = [result for run in runs for result in run["results"] if result is not None]
    return {
        "seconds": sum(run["seconds"] for run in runs) * work.factor,
        "results": ", ".join(f"{result:.4f}" for result in results),
    }
