"""A small run with its audit: real scripts on scikit-learn's digits with inserted faults."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import evaluate_without_issues
import find_duplicates
import find_image_issues
import find_label_issues
import write_audit_report
from cifarbench.io.atomic import read_json, save_npy, write_json
from helpers import small_run
from helpers.jobs import run_job

N_FLIPPED = 6


@cache
def shared() -> Path:
    """Return the run that all tests of this process share and must not change."""
    folder = Path(tempfile.mkdtemp(prefix="small_audit_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write(folder / "run")


def write(folder: Path) -> Path:
    """Write a small run with a test image, wrong labels and a constant image among its training images."""
    shutil.copytree(small_run.shared(), folder)
    data, audit = folder / "data", folder / "audit"
    test = np.load(data / "test_images.npy")
    pixels, target = load_digits(return_X_y=True)
    rows, _ = train_test_split(
        np.arange(len(target)), test_size=small_run.N_TEST, random_state=0, stratify=target
    )
    train, labels = (pixels[rows[:600]] * 15.9).astype(np.uint8), target[rows[:600]]
    test_labels = np.load(folder / "models/knn_raw/predictions.npz")["y_true"].astype(np.int64)
    labels[:N_FLIPPED] = (labels[:N_FLIPPED] + 3) % 10
    train[10], labels[10] = test[7], test_labels[7]
    train[11] = 90
    about = read_json(data / "dataset.json") | {"n_train": len(train), "n_test": len(test)}
    write_json(data / "dataset.json", about)
    for name, array in (("train_images", train), ("train_labels", labels), ("test_labels", test_labels)):
        save_npy(data / f"{name}.npy", array)
    both: dict[str, Any] = {
        array: [data / f"{split}_{array}.npy" for split in ("train", "test")]
        for array in ("images", "labels")
    }
    both["dataset"] = data / "dataset.json"
    settings = {"seed": 0, "hflip_safe": False}
    run_job(
        find_duplicates,
        both,
        {"table": audit / "duplicates.csv", "summary": audit / "duplicates.json"},
        settings,
    )
    run_job(
        find_label_issues,
        both,
        {"table": audit / "label_issues.csv", "summary": audit / "label_issues.json"},
        settings,
    )
    run_job(
        find_image_issues,
        both,
        {
            "table": audit / "image_issues.csv",
            "means": audit / "class_means.npy",
            "summary": audit / "class_counts.json",
        },
    )
    run_job(
        evaluate_without_issues,
        {
            "predictions": [folder / f"models/{model}/predictions.npz" for model in small_run.MODELS],
            "duplicates": audit / "duplicates.csv",
            "labels": audit / "label_issues.csv",
            "dataset": data / "dataset.json",
        },
        {"effects": audit / "issue_impact.json"},
        {"models": [*small_run.MODELS], "seed": 0},
    )
    return folder


def page(folder: Path, language: str = "en") -> Path:
    """Write the audit's page in a language to the folder of the run, and return its path."""
    audit, data = folder / "audit", folder / "data"
    written = folder / f"audit_{language}.html"
    files = [path for path in audit.iterdir() if path.suffix in (".csv", ".json")]
    images = {name: data / f"{name}.npy" for name in ("train_images", "test_images")}
    run_job(
        write_audit_report,
        images | {"files": files, "dataset": data / "dataset.json", "means": audit / "class_means.npy"},
        {"page": written},
        {"language": language},
    )
    return written
