"""The explorer of a small run: real scripts on simulated predictions, with the findings of the audit."""

import shutil
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import embed_test_images
import explore_predictions
from cifarbench.io.atomic import load_npz, read_json, save_npy, save_npz, write_json
from cifarbench.io.csv_io import read_csv, write_csv
from cifarbench.models.knn.exact import knn, to_vectors
from cifarbench.models.knn.voting import to_distances
from cifarbench.runtime.failures import Failure
from helpers import small_audit, small_run
from helpers.jobs import run_job

# `linear_edges` has no probabilities.
MODELS = [*small_run.MODELS, "linear_edges"]
FAILED = "knn_pca"
KNN = [model for model in MODELS if model.startswith("knn")]
# Names with markup, quotes, placeholders, separators, right-to-left text, and the maximum length.
ODD_CLASSES = [
    "<script>alert(1)</script>",
    "a & b",
    "\"quoted\" 'twice'",
    "кошка",
    "</style><img src=x onerror=alert(1)>",
    "x" * 100,
    "a,b;c\td",
    "שלום",
    "${name} {n}",
    "_9\\u003c",
]


def write(folder: Path, language: str = "en", *, odd: bool = False) -> Path:
    """Write a run and its explorer under `folder`, and return the page. odd: with odd class names, a failed model."""
    run = shutil.copytree(small_run.shared("linear_edges"), folder / "run")
    shutil.copytree(small_audit.shared() / "audit", run / "audit")
    save_npy(run / "data/test_labels.npy", load_npz(run / "models/mlp/predictions.npz")["y_true"])
    add_findings(run / "audit")
    add_neighbors(run)
    if odd:
        write_json(run / "data/dataset.json", read_json(run / "data/dataset.json") | {"classes": ODD_CLASSES})
        small_run.fail(run, FAILED, Failure(FAILED, "predict_knn", "MemoryError"))
        small_run.compare(run, MODELS)
    return make_page(run, folder / "explorer.html", language)


def add_findings(audit: Path) -> None:
    """Add findings in test images to those of the audit: a label issue, an image issue and a similar pair."""
    for name, row in {
        "label_issues": {
            "split": "test",
            "index": 5,
            "given_label": "three",
            "predicted_label": "nine",
            "issue_score": 0.875,
            "file": None,
        },
        "image_issues": {
            "split": "test",
            "index": 6,
            "issue": "outlier",
            "score": 7.5,
            "detail": None,
            "file": None,
        },
        "duplicates": {
            "split_a": "test",
            "index_a": 8,
            "split_b": "test",
            "index_b": 9,
            "type": "near_miss",
            "score": 0.93,
            "file_a": None,
            "file_b": None,
        },
    }.items():
        rows = [*read_csv(audit / f"{name}.csv"), row]
        write_csv(audit / f"{name}.csv", {column: [row[column] for row in rows] for column in row})


def add_neighbors(run: Path) -> None:
    """Add the training images and their nearest neighbours by pixels, the same for all models."""
    pixels, target = load_digits(return_X_y=True)
    train, _ = train_test_split(pixels, test_size=small_run.N_TEST, random_state=0, stratify=target)
    save_npy(run / "data/train_images.npy", (train * 15.9).astype(np.uint8))
    images = (np.load(run / f"data/{split}_images.npy") for split in ("train", "test"))
    neighbors, squares = knn(*(to_vectors(values, "euclidean") for values in images), 5, 1, "euclidean")
    for model in KNN:
        save_npz(
            run / f"models/{model}/neighbors.npz",
            neighbors=neighbors.astype(np.int32),
            distances=to_distances(squares, "euclidean").astype(np.float32),
        )


def make_page(run: Path, page: Path, language: str = "en", models: list[str] | None = None) -> Path:
    """Write the explorer of a run, with its map."""
    models = models or MODELS
    data, embedding = (
        run / "data",
        {
            "embedding": run / "explorer/embedding.npz",
            "summary": run / "explorer/embedding.json",
        },
    )
    arrays = {
        f"{split}_{name}": data / f"{split}_{name}.npy"
        for split in ("train", "test")
        for name in ("images", "labels")
    }
    pixels = [data / "test_images.npy"] * len(models)
    settings = {"models": models, "seed": 0}
    run_job(
        embed_test_images,
        arrays | {"comparison": run / "comparison.csv", "features": pixels},
        embedding,
        settings,
    )
    run_job(
        explore_predictions,
        arrays
        | {
            "predictions": [run / f"models/{model}/predictions.npz" for model in models],
            "fits": [run / f"models/{model}/fit.json" for model in models],
            "neighbors": [run / f"models/{model}/neighbors.npz" for model in KNN],
            "dataset": data / "dataset.json",
            "audit": [run / f"audit/{name}.csv" for name in ("duplicates", "label_issues", "image_issues")],
            "embedding": [*embedding.values()],
        },
        {"page": page},
        settings | {"language": language, "knn": KNN},
    )
    return page


def predictions(run: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return the predictions of the models that did not fail."""
    paths = {model: run / f"models/{model}/predictions.npz" for model in MODELS}
    return {model: load_npz(path) for model, path in paths.items() if not Failure.read(path)}
