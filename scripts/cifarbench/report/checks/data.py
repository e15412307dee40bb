"""Checks of the images, the labels, and what features were fitted to."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.io.atomic import read_json
from cifarbench.planning.paths import split_of_subset
from cifarbench.report.audit import Audit
from cifarbench.report.checks.catalog import Finding
from cifarbench.report.results import Results

MAX_LEAKED, MAX_LABEL_ISSUES = 0.01, 0.02
MIN_IMAGES_PER_CLASS = 50
SHORTCUTS = "audit/shortcuts.json"
# A property of the file is no part of the image; one of the image must explain this share of the best model's gain.
OF_FILE = ("image_size", "file_type")
MIN_EXPLAINED = 0.5
MAX_P_VALUE = 0.001
# ROC AUC above which training and test images are distinguishable, with its whole interval.
MAX_AUC = 0.6


def train_test_duplicates(results: Results) -> Iterator[Finding]:
    """Yield the share of test images that are duplicates of training images."""
    audit, total = Audit.read(results.files, results.dataset), results.dataset["n_test"]
    if audit and audit.n_leaked > MAX_LEAKED * total:
        share = f"{audit.n_leaked / total:.1%}"
        yield Finding("CB108", {"n": audit.n_leaked, "total": total, "share": share})


def label_issues(results: Results) -> Iterator[Finding]:
    """Yield the share of labels that are likely wrong."""
    audit = Audit.read(results.files, results.dataset)
    total = results.dataset["n_train"] + results.dataset["n_test"]
    if audit and len(audit.labels) > MAX_LABEL_ISSUES * total:
        share = f"{len(audit.labels) / total:.1%}"
        yield Finding("CB109", {"n": len(audit.labels), "total": total, "share": share})


def few_training_images(results: Results) -> Iterator[Finding]:
    """Yield the smallest class if it has few training images."""
    counts = results.verdict.get("class_counts")
    if counts and min(counts) < MIN_IMAGES_PER_CLASS:
        smallest = int(np.argmin(counts))
        yield Finding("CB114", {"label": results.dataset["classes"][smallest], "n": counts[smallest]})


def leaky_features(results: Results) -> Iterator[Finding]:
    """Yield fits whose record names other training images than their subset has, by a checksum of the indices."""
    n_train = results.dataset["n_train"]
    for path, file in results.files.items():
        parts = PurePosixPath(path).parts
        if parts[0] != "fitted" or not path.endswith(".json"):
            continue
        subset, record = PurePosixPath(path).stem, read_json(file)
        split = split_of_subset(subset)
        files = [results.files[f"splits/{split}.npy"]] if split else []
        if record.get("rows_sha256") != rows_checksum(subset, n_train, files):
            yield Finding("CB115", {"file": path})


def rows_checksum(subset: str, n_train: int, split: list[Path]) -> str:
    """Return a checksum of the training images of a subset. split: the file that assigns them; none for all images."""
    rows, _ = load_split_indices(subset, n_train, split)
    return sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()


def shortcuts(results: Results) -> Iterator[Finding]:
    """Yield properties that predict the class: of files, significantly; of images, half as well as the best model."""
    found = results.read_json(SHORTCUTS) or {}
    for name, probe in found.get("properties", {}).items():
        # At least, by its interval.
        gain = probe["accuracy_low"] - probe["chance"]
        if probe["p_value"] > MAX_P_VALUE:
            continue
        best = results.all_ranked[0].accuracy - probe["chance"] if results.models else 1.0
        if name in OF_FILE or gain > MIN_EXPLAINED * best:
            yield Finding(
                "CB116", {"property": name, "accuracy": probe["accuracy"], "chance": probe["chance"]}
            )


def train_test_shift(results: Results) -> Iterator[Finding]:
    """Yield the ROC AUC of a classifier between training and test images, if its interval is high."""
    shift = (results.read_json(SHORTCUTS) or {}).get("train_test_shift")
    if shift and shift["auc_ci95"][0] > MAX_AUC:
        low, high = shift["auc_ci95"]
        yield Finding("CB117", {"auc": shift["auc"], "low": low, "high": high})
