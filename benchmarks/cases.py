"""Steps of the study, each by the reference implementation, the workflow's code, and as a lower bound."""

import statistics
from pathlib import Path
from typing import Any, NamedTuple

from measure import measure

Row = dict[str, Any]

GRID = {"n_components": [64, 128, 256], "n_neighbors": [5, 10, 15]}
# Of nine candidates, with three folds: the number of fits divides evenly between two processes.
SIX_CANDIDATES = {"n_components": [64, 128, 256], "n_neighbors": [5, 10]}
# The convolutional network of config/improved.yaml, on twenty batches.
CONVNET = {"case": "convnet", "options": {"widths": [64, 128, 128]}, "n_train": 20 * 256}
PATCHES = {"case": "patches", "options": {"n_patches": 400, "size": 6}, "threads": 1}


class Work(NamedTuple):
    """Jobs for `measure`, side by side or one after the other, and the factor from their time to the case's."""

    jobs: list[dict[str, Any]]
    factor: float = 1.0
    side_by_side: bool = True


class Case(NamedTuple):
    """What is measured in each way. of_study: whether it is a step of the study with its six models."""

    name: str
    ways: dict[str, Work]
    measured_on: str = "all of it"
    of_study: bool = True
    # Whether one run is enough, since the reference takes minutes.
    once: bool = False


def _neighbors(name: str, case: str, *ways: str, **options: Any) -> Case:
    work = Work([{"case": case, "options": options}])
    return Case(name, dict.fromkeys(("reference", *ways, "optimized"), work))


def _networks(epochs: int, **options: Any) -> list[dict[str, Any]]:
    """Return the jobs of both perceptrons."""
    return [
        {"case": "network", "options": {"epochs": epochs, "batch_norm": batch_norm}, **options}
        for batch_norm in (False, True)
    ]


CASES = [
    _neighbors("kNN on raw pixels", "knn_raw", "lower_bound"),
    _neighbors("PCA(128) and kNN", "knn_pca", scale=False),
    _neighbors("scaling, PCA(128) and kNN", "knn_pca", scale=True),
    Case(
        "grid search",
        {
            "reference": Work([{"case": "grid", "options": SIX_CANDIDATES}], factor=9 / 6),
            "optimized": Work([{"case": "grid", "options": GRID, "threads": 1}]),
        },
        measured_on="reference: 6 of 9 candidates",
        once=True,
    ),
    Case(
        "200 epochs of both perceptrons",
        {
            "reference": Work(_networks(1), factor=200, side_by_side=False),
            "lower_bound": Work(_networks(20, threads=1), factor=10),
            "optimized": Work(_networks(20, threads=1), factor=10),
        },
        measured_on="reference: 1 epoch, others: 20",
    ),
    Case(
        "an epoch of the convolutional network",
        dict.fromkeys(("reference", "lower_bound", "optimized"), Work([CONVNET])),
        measured_on=f"{CONVNET['n_train']} images",
        of_study=False,
    ),
    Case(
        "400 patches on 5000 images, 1 thread",
        {
            "reference": Work([PATCHES | {"n_train": 500}], factor=10),
            "lower_bound": Work([PATCHES | {"n_train": 5000}]),
            "optimized": Work([PATCHES | {"n_train": 5000}]),
        },
        measured_on="reference: 500 images",
        of_study=False,
    ),
]


def measure_case(case: Case, folder: Path, repeats: int) -> Row:
    """Measure a case `repeats` times, its ways in turn, and return its row: medians, and their spread."""
    runs: dict[str, list[Row]] = {way: [] for way in case.ways}
    for _ in range(1 if case.once else repeats):
        for way, work in case.ways.items():
            runs[way].append(_run(way, work, folder))
    seconds = {way: statistics.median(run["seconds"] for run in done) for way, done in runs.items()}
    bound = seconds.get("lower_bound")
    beside = runs.get("lower_bound", runs["reference"])
    ratios = [run["seconds"] / other["seconds"] for run, other in zip(runs["optimized"], beside, strict=True)]
    return {
        "case": case.name,
        "measured_on": case.measured_on,
        "of_study": case.of_study,
        "reference_seconds": seconds["reference"],
        "lower_bound_seconds": bound,
        "seconds": seconds["optimized"],
        "faster": seconds["reference"] / seconds["optimized"],
        "over_lower_bound": bound and seconds["optimized"] / bound,
        "results": " / ".join(
            ", ".join(f"{result:.4f}" for result in runs[way][-1]["results"])
            for way in ("reference", "optimized")
        ),
        "repeats": len(ratios),
        # Relative standard deviation of the ratio of both ways' seconds.
        "spread": statistics.stdev(ratios) / statistics.mean(ratios) if len(ratios) > 1 else None,
    }


def _run(way: str, work: Work, folder: Path) -> Row:
    jobs = [job | {"way": way} for job in work.jobs]
    batches = [jobs] if work.side_by_side else [[job] for job in jobs]
    runs = [measure(*batch, folder=folder) for batch in batches]
    return {
        "seconds": sum(run["seconds"] for run in runs) * work.factor,
        "results": [result for run in runs for result in run["results"]],
    }
