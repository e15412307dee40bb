"""A dataset so small that a whole run takes seconds of work: an archive in CIFAR-10's layout."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from helpers.batches import pickled, tarred

CLASSES = ["ant", "bee", "cow", "dog"]
SHAPE = [3, 4, 4]
TRAIN_BATCHES, BATCH, N_TEST = 5, 12, 20
N_TRAIN = TRAIN_BATCHES * BATCH


def write_archive(path: Path, seed: int = 0, random_test_labels: bool = False) -> str:
    """Write an archive whose classes differ in colour but overlap, and return its SHA-256.

    random_test_labels: shuffle the labels of the test images.
    """
    random = np.random.default_rng(seed)
    members = {f"data_batch_{number + 1}": _batch(random, BATCH) for number in range(TRAIN_BATCHES)}
    members["test_batch"] = _batch(random, N_TEST)
    if random_test_labels:
        random.shuffle(members["test_batch"][b"labels"])
    members["batches.meta"] = {b"label_names": [name.encode() for name in CLASSES]}
    path.write_bytes(gzip.compress(tarred(pickled(members)), mtime=0))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def configuration(archive: Path, sha256: str) -> dict[str, Any]:
    """Return the overlay that runs config.yaml, with all its six models, on the archive at `archive`."""
    network = {"hidden_dim": 8, "batch_size": 16, "epochs": 3, "learning_rate": 0.05}
    return {
        "dataset": "tiny",
        "datasets": {
            "tiny": {
                "type": "cifar10",
                "n_train": N_TRAIN,
                "n_test": N_TEST,
                "n_classes": len(CLASSES),
                "image_shape": SHAPE,
                "archive": str(archive),
                "sha256": sha256,
            }
        },
        "features": {"pca": {"n_components": 4}, "scaled_pca": {"n_components": 4}},
        "models": {
            "knn_grid": {"tune": {"grid": {"n_components": [2, 4], "n_neighbors": [1, 3]}}},
            "mlp": {**network},
            "mlp_batchnorm_dropout": {**network},
        },
        "training": {"checkpoint_interval_seconds": 0},
        "figures": {
            "predictions": {"n_images": 4, "dpi": 50},
            "confused_pairs": {"dpi": 50},
            "agreement": {"n_images": 4, "dpi": 50},
        },
    }


def _batch(random: np.random.Generator, rows: int) -> dict[bytes, Any]:
    labels = np.arange(rows) % len(CLASSES)
    pixels = random.integers(0, 150, (rows, 3, SHAPE[1] * SHAPE[2]))
    pixels[np.arange(rows), labels % 3] += 15 * (1 + labels[:, None])
    return {b"data": pixels.astype(np.uint8).reshape(rows, -1), b"labels": labels.tolist()}
