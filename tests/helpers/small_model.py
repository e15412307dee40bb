"""A small saved model: a network or nearest neighbours on scikit-learn's digits."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

from cifarbench.io.atomic import save_npy, write_json
from cifarbench.models.networks.factory import build_model, save
from cifarbench.models.saved_model import SavedModel

PERCEPTRON = {"hidden_dim": 8, "batch_norm": True, "dropout": 0.5, "tta_flip": False}
CONVNET = {"channels": [4, 8], "tta_flip": True}
NEIGHBORS = {"n_neighbors": 3, "metric": "euclidean", "weights": "uniform", "ann": None}
CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
N_TRAIN = 300


def write_model(results: Path, package: str, params: dict[str, Any], channels: int = 1) -> SavedModel:
    """Write and read the files of a model on images (channels, 8, 8). A network's weights are random."""
    pixels, labels = load_digits(return_X_y=True)
    # The channels differ, so that an exchange of channels changes the predictions.
    images = np.hstack([pixels * (15.9 - 4 * channel) for channel in range(channels)]).astype(np.uint8)
    for split, rows in (("train", slice(N_TRAIN)), ("test", slice(N_TRAIN, 400))):
        save_npy(results / f"data/{split}_images.npy", images[rows])
        save_npy(results / f"data/{split}_labels.npy", labels[rows])
    about = {"dataset": "digits", "type": "digits", "classes": CLASSES, "image_shape": [channels, 8, 8]}
    write_json(results / "data/dataset.json", about | {"archive": {"sha256": "0" * 64}})
    stored = {
        "package": package,
        "part": "all",
        "division": [],
        "values": "data/train_images.npy",
        "fitted": [],
    }
    fit = {"model": "model", "features": [], "threads": 1, "has_probabilities": True}
    write_json(results / "models/model/fit.json", fit | {"inference": {**stored, "params": params}})
    if package == "networks":
        torch.manual_seed(0)
        save(
            results / "models/model/network.safetensors", build_model(params, (channels, 8, 8), len(CLASSES))
        )
    return SavedModel.read(results, "model")


def pixels_of(stored: SavedModel) -> np.ndarray:
    """Return the test images, (N, D) uint8."""
    return np.load(stored.path("data/test_images.npy"))
