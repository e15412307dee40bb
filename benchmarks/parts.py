"""The parts of the study, each done the plain way, our way, and as bare matrix products."""

import math
import statistics
from pathlib import Path
from typing import Any

from processes import measure, medians

GRID = {"n_components": [64, 128, 256], "n_neighbors": [5, 10, 15]}
# Six candidates of three folds: all numbers of components, and fits that divide evenly among two processes.
PART_OF_GRID = {"n_components": [64, 128, 256], "n_neighbors": [5, 10]}
# Of the convolutional network: as in config/improved.yaml, on images enough for twenty batches.
WIDTHS, FEW_IMAGES = [64, 128, 128], 20 * 256
EPOCHS, PLAIN_EPOCHS, OUR_EPOCHS = 200, 1, 20
PATCHES = {"n_patches": 400, "size": 6}
# Of the images that each job computes the features of.
OUR_IMAGES, PLAIN_IMAGES = 5000, 500


def measure_parts(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Measure each part `repeats` times, the ways in turn. Those that make up the study say so by `of_study`."""
    of_study = [
        _neighbors("kNN on raw pixels", "knn_raw", folder, repeats, bare=True),
        _neighbors("PCA(128) and kNN", "knn_pca", folder, repeats),
        _neighbors("scaling, PCA(128) and kNN", "knn_scaled_pca", folder, repeats),
        _grid(folder),
        _networks(folder, repeats),
    ]
    return [
        *(row | {"of_study": True} for row in of_study),
        _convnet(folder, repeats),
        _augmentation(folder, repeats),
        _patches(folder, repeats, jobs=1),
        _patches(folder, repeats, jobs=2),
    ]


def _neighbors(name: str, part: str, folder: Path, repeats: int, bare: bool = False) -> dict[str, Any]:
    ways = ["plain", "bare", "ours"] if bare else ["plain", "ours"]
    runs: dict[str, list] = {way: [] for way in ways}
    for _ in range(repeats):
        for way in ways:
            runs[way].append(measure({"way": way, "part": part}, folder=folder))
    found = {way: medians(of_way) for way, of_way in runs.items()}
    return _row(name, "all of it", found["plain"], found["ours"], found.get("bare"))


def _grid(folder: Path) -> dict[str, Any]:
    """All candidates our way, six of nine the plain way, which takes minutes."""
    plain = measure({"way": "plain", "part": "grid", "options": PART_OF_GRID}, folder=folder)
    measured, candidates = _candidates(PART_OF_GRID), _candidates(GRID)
    plain["seconds"] *= candidates / measured
    ours = measure({"way": "ours", "part": "grid", "options": GRID, "threads": 1}, folder=folder)
    same = measure({"way": "ours", "part": "grid", "options": PART_OF_GRID, "threads": 1}, folder=folder)
    row = _row("grid search", f"plain: {measured} of {candidates} candidates", plain, ours)
    row["results"] = f"{plain['results'][0]:.4f} / {same['results'][0]:.4f} on those"
    return row


def _repeats(ours: dict, against: dict) -> dict[str, Any]:
    """How many repeats there were, and the relative standard deviation of the ratio of both ways' seconds over them."""
    if "each" not in ours:
        return {"repeats": 1}
    ratios = [mine / other for mine, other in zip(ours["each"], against["each"], strict=True)]
    spread = statistics.stdev(ratios) / statistics.mean(ratios) if len(ratios) > 1 else None
    return {"repeats": len(ratios), "spread": spread}


def _candidates(grid: dict[str, list[int]]) -> int:
    return math.prod(len(values) for values in grid.values())


def _networks(folder: Path, repeats: int) -> dict[str, Any]:
    """Both perceptrons: the plain way one after the other, ours side by side with a thread each."""
    runs: dict[str, list] = {"plain": [], "bare": [], "ours": []}
    for _ in range(repeats):
        each = [
            measure(
                {"way": "plain", "part": "network", "options": {"epochs": PLAIN_EPOCHS, "batch_norm": norm}},
                folder=folder,
            )
            for norm in (False, True)
        ]
        runs["plain"].append(
            {
                "seconds": sum(one["seconds"] for one in each) * EPOCHS / PLAIN_EPOCHS,
                "peak_memory_mb": max(one["peak_memory_mb"] for one in each),
                "results": [one["results"][0] for one in each],
            }
        )
        bare = {"way": "bare", "part": "network", "options": {"epochs": OUR_EPOCHS}, "threads": 1}
        ours = [
            {
                "way": "ours",
                "part": "network",
                "options": {"epochs": OUR_EPOCHS, "batch_norm": norm},
                "threads": 1,
            }
            for norm in (False, True)
        ]
        for way, jobs in (("bare", [bare, bare]), ("ours", ours)):
            run = measure(*jobs, folder=folder)
            runs[way].append(run | {"seconds": run["seconds"] * EPOCHS / OUR_EPOCHS})
    found = {way: medians(of_way) for way, of_way in runs.items()}
    fraction = f"plain: {PLAIN_EPOCHS} epoch, ours and bare: {OUR_EPOCHS}"
    return _row(
        f"{EPOCHS} epochs of both perceptrons", fraction, *(found[w] for w in ("plain", "ours", "bare"))
    )


def _convnet(folder: Path, repeats: int) -> dict[str, Any]:
    """The convolutional network of config/improved.yaml, on some of the images."""
    runs: dict[str, list] = {"plain": [], "bare": [], "ours": []}
    job = {"part": "convnet", "options": {"widths": WIDTHS}, "n_train": FEW_IMAGES}
    for _ in range(repeats):
        for way, of_way in runs.items():
            of_way.append(measure(job | {"way": way}, folder=folder))
    found = {way: medians(of_way) for way, of_way in runs.items()}
    flop = found["bare"]["results"][0]
    row = _row(
        "an epoch of the convolutional network",
        f"{FEW_IMAGES} images, of {flop:.2f} TFLOP",
        *(found[way] for way in ("plain", "ours", "bare")),
    )
    return row


def _augmentation(folder: Path, repeats: int) -> dict[str, Any]:
    """Mirrored and shifted images for that epoch, which stand in its time."""
    job = {"way": "ours", "part": "augmentation", "n_train": FEW_IMAGES}
    found = medians([measure(job, folder=folder) for _ in range(repeats)])
    return {
        "part": "mirroring and shifting its images",
        "measured_on": f"{FEW_IMAGES} images",
        "seconds": found["seconds"],
        "mb": found["peak_memory_mb"],
    }


def _patches(folder: Path, repeats: int, jobs: int) -> dict[str, Any]:
    """Features of as many images by each of some jobs, of a thread each; the plain way, with all of these."""
    runs: dict[str, list] = {"plain": [], "bare": [], "ours": []}
    job = {"part": "patches", "options": PATCHES, "n_train": OUR_IMAGES, "threads": 1}
    for _ in range(repeats):
        plain = measure(
            job | {"way": "plain", "n_train": PLAIN_IMAGES * jobs, "threads": jobs}, folder=folder
        )
        runs["plain"].append(plain | {"seconds": plain["seconds"] * OUR_IMAGES / PLAIN_IMAGES})
        for way in ("bare", "ours"):
            runs[way].append(measure(*[job | {"way": way}] * jobs, folder=folder))
    found = {way: medians(of_way) for way, of_way in runs.items()}
    name = f"{PATCHES['n_patches']} patches on {OUR_IMAGES * jobs} images, {jobs} thread{'s' * (jobs > 1)}"
    fraction = f"plain: {PLAIN_IMAGES * jobs} images"
    return _row(name, fraction, found["plain"], found["ours"], found["bare"])


def _row(name: str, fraction: str, plain: dict, ours: dict, bare: dict | None = None) -> dict[str, Any]:
    return {
        **_repeats(ours, bare or plain),
        "part": name,
        "measured_on": fraction,
        "plain_seconds": plain["seconds"],
        "bare_seconds": bare and bare["seconds"],
        "seconds": ours["seconds"],
        "faster": plain["seconds"] / ours["seconds"],
        "over_bare": bare and ours["seconds"] / bare["seconds"],
        "plain_mb": plain["peak_memory_mb"],
        "mb": ours["peak_memory_mb"],
        "results": " / ".join(", ".join(f"{r:.4f}" for r in way["results"]) for way in (plain, ours)),
    }
