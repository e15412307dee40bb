"""How the cost of each part grows with the number of training images, and the grid's with its candidates."""

from pathlib import Path
from typing import Any

import numpy as np

from processes import measure

SIZES = [5_000, 10_000, 25_000, 50_000]
SIZE_OF_GRIDS = 10_000
PARTS = {
    "kNN on raw pixels": ("knn_raw", {}),
    "PCA(128) and kNN": ("knn_pca", {}),
    "grid search": ("grid", {"n_components": [64, 128, 256], "n_neighbors": [5, 10, 15]}),
    "five epochs of a perceptron": ("network", {"epochs": 5, "batch_norm": False}),
}
ON_ONE_THREAD = ("grid", "network")
GRIDS = {
    1: {"n_components": [128], "n_neighbors": [5]},
    3: {"n_components": [64, 128, 256], "n_neighbors": [5]},
    9: {"n_components": [64, 128, 256], "n_neighbors": [5, 10, 15]},
    27: {"n_components": [64, 128, 256], "n_neighbors": [1, 3, 5, 7, 9, 11, 13, 15, 17]},
}


def measure_growth(folder: Path) -> list[dict[str, Any]]:
    """A row for each part, with the seconds at each size and the exponent fitted to them."""
    rows = []
    for name, (part, options) in PARTS.items():
        job = {"way": "ours", "part": part, "options": options, "threads": int(part in ON_ONE_THREAD)}
        seconds = [measure(job | {"n_train": size}, folder=folder)["seconds"] for size in SIZES]
        rows.append(_row(name, "images", SIZES, seconds))
    seconds = [
        measure(
            {"way": "ours", "part": "grid", "options": grid, "n_train": SIZE_OF_GRIDS, "threads": 1},
            folder=folder,
        )["seconds"]
        for grid in GRIDS.values()
    ]
    rows.append(_row(f"grid search on {SIZE_OF_GRIDS} images", "candidates", list(GRIDS), seconds))
    return rows


def _row(name: str, counted: str, counts: list[int], seconds: list[float]) -> dict[str, Any]:
    exponent = np.polyfit(np.log(counts), np.log(seconds), 1)[0]
    return {
        "part": name,
        "counted": counted,
        **{f"point_{i}": f"{n}: {s:.1f} s" for i, (n, s) in enumerate(zip(counts, seconds, strict=True), 1)},
        "exponent": float(exponent),
    }
