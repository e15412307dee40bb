"""Resuming from checkpoints of the same training, and never from those of another one."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

import train_network
from cifarbench.io.atomic import load_npz, read_json, save_npy, write_json
from cifarbench.io.csv_io import read_csv
from cifarbench.models.networks import factory, fitting
from cifarbench.models.networks.predictor import Predictor
from cifarbench.models.networks.training import predict_logits
from cifarbench.models.saved_model import SavedModel
from helpers.jobs import run_job

PARAMS = {"hidden_dim": 4, "batch_norm": True, "dropout": 0.5, "tta_flip": True}
PARAMS |= {"learning_rate": 0.1, "batch_size": 8, "epochs": 4}
# Other entries of fit.json.
SETTINGS = {
    "model": "net",
    "family": "mlp",
    "chosen": [],
    "features": [],
    "pretrained": False,
    "inference": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    save_npy(tmp_path / "division.npy", np.random.default_rng(0).permutation(20))
    write_json(tmp_path / "dataset.json", {"image_shape": [1, 2, 2], "classes": ["ant", "bee"]})
    write_data(tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def write_data(folder: Path, seed: int = 0) -> None:
    random = np.random.default_rng(seed)
    for part, rows in (("train", 20), ("test", 6)):
        save_npy(folder / f"{part}_images.npy", random.integers(0, 256, (rows, 4), np.uint8))
        save_npy(folder / f"{part}_labels.npy", np.arange(rows) % 2)


def train(
    folder: Path,
    seed: int = 0,
    code: str = "c0de",
    threads: int = 1,
    init_seed: int | None = None,
    part: str = "all",
    **params: Any,
) -> str:
    """Run the script and return the bytes of the weights and of the history."""
    arrays = ("train_images", "train_labels", "test_images", "test_labels")
    outputs = ("network.safetensors", "history.csv", "predictions.npz", "fit.json")
    run_job(
        train_network,
        {
            **{name: folder / f"{name}.npy" for name in arrays},
            "dataset": folder / "dataset.json",
            "division": [] if part == "all" else [folder / "division.npy"],
            "best": [],
            "search_costs": [],
            "folds": [],
            "fold_histories": [],
        },
        {Path(name).stem: folder / name for name in outputs},
        SETTINGS
        | {"params": PARAMS | params, "part": part, "seed": seed}
        | ({} if init_seed is None else {"init_seed": init_seed}),
        code=code,
        threads=threads,
        checkpoints=folder / "checkpoints",
        checkpoint_interval_seconds=0,
    )
    return (folder / "network.safetensors").read_bytes().hex() + (folder / "history.csv").read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.2},
        {"seed": 1},
        {"init_seed": 1},
        {"hidden_dim": 5},
        {"batch_norm": False},
        {"dropout": 0.25},
        {"batch_size": 7},
        {"hidden_dims": [4, 5], "hidden_dim": None},
        {"activation": "Tanh"},
        {"whitening": 3},
        {"precision": "bfloat16"},
        {"grad_clip": 0.1},
        {"ema": 0.9},
        {"cutout": 1},
        {"transform": "torchvision.transforms.v2.RandomInvert"},
        {"optimizer": "AdamW"},
        {"early_stopping": {"patience": 1}},
        {"code": "0ther"},
        {"data": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_training_starts_from_the_beginning(folder, caplog, change):
    caplog.set_level(logging.INFO)
    first = train(folder)
    change = dict(change)
    write_data(folder, change.pop("data", 0))
    other = train(folder, **change)
    # Changed code may compute the same result.
    assert other != first or "code" in change
    assert "goes on" not in caplog.text
    # The result does not depend on the checkpoints of the first training.
    for path in (folder / "checkpoints").rglob("*.pt"):
        path.unlink()
    assert train(folder, **change) == other


@pytest.mark.parametrize("part", ["all", "train_12"])
def test_the_same_training_is_resumed(folder, caplog, part):
    caplog.set_level(logging.INFO)
    straight = train(folder, part=part, epochs=7)
    for path in (folder / "checkpoints").rglob("*.pt"):
        path.unlink()
    train(folder, part=part)
    train(folder, part=part)
    # Only the last checkpoint of a training is kept.
    assert len([path for path in (folder / "checkpoints").rglob("*") if path.is_file()]) == 1
    assert train(folder, part=part, epochs=7) == straight
    assert train(folder, part=part, epochs=7) == straight
    assert "Training goes on after 4 epochs, from its checkpoint." in caplog.text


def test_initial_weights_have_a_separate_seed(folder):
    def weights(**seeds: int) -> torch.Tensor:
        # With this learning rate, the weights keep their initial values.
        train(folder, learning_rate=1e-30, **seeds)
        return load_file(folder / "network.safetensors")["layers.0.weight"]

    assert torch.equal(weights(seed=0), weights(seed=1, init_seed=0))
    assert torch.equal(weights(seed=1), weights(seed=0, init_seed=1))
    assert not torch.equal(weights(seed=0), weights(seed=1))
    # Batches and dropout do not depend on init_seed.
    for path in folder.glob("checkpoints/*/*"):
        path.unlink()
    assert train(folder, seed=3) == train(folder, seed=3, init_seed=3)
    assert train(folder, seed=3, init_seed=4) != train(folder, seed=4, init_seed=4)


def test_trainings_on_a_subset_are_evaluated_once_on_test_images(folder):
    train(folder, part="train_12")
    *before, last = read_csv(folder / "history.csv")
    assert len(before) == 3
    assert all(row["test_loss"] is None and row["test_accuracy"] is None for row in before)
    assert all(row["train_loss"] > 0 for row in before)
    assert last["test_loss"] > 0


@pytest.mark.parametrize("part", ["all", "train_12"])
def test_the_history_is_without_test_time_augmentation(folder, part):
    train(folder, part=part)
    last = read_csv(folder / "history.csv")[-1]
    network = factory.load(folder / "network.safetensors", PARAMS, (1, 2, 2), 2)
    images = torch.from_numpy(np.load(folder / "test_images.npy").reshape(6, 1, 2, 2))
    labels = torch.from_numpy(np.load(folder / "test_labels.npy"))
    logits, averaged = (predict_logits(network, images, tta) for tta in ("none", "flip"))
    assert last["test_accuracy"] == (logits.argmax(1) == labels).double().mean()
    assert last["test_loss"] == pytest.approx(cross_entropy(logits, labels).item())
    assert last["test_loss"] != pytest.approx(cross_entropy(averaged, labels).item())


def test_predictions_equal_those_of_the_saved_network(folder):
    train(folder)
    answers = load_npz(folder / "predictions.npz")
    fit = read_json(folder / "fit.json") | {"inference": {"params": PARAMS}}
    about = read_json(folder / "dataset.json")
    (folder / "models/net").mkdir(parents=True)
    (folder / "network.safetensors").rename(folder / "models/net/network.safetensors")
    asked = Predictor(SavedModel(folder, "net", fit, about)).predict(np.load(folder / "test_images.npy"))
    assert np.array_equal(answers["proba"], asked.proba)
    assert np.array_equal(answers["y_pred"], asked.y_pred)
    assert np.array_equal(answers["y_true"], np.load(folder / "test_labels.npy"))
    assert (fit["model"], fit["device"], fit["threads"]) == ("net", "cpu", 1)
    assert fit["fit_seconds"] > 0


def test_the_precision_that_auto_selects_is_recorded(folder, monkeypatch):
    for supported, precision in ((False, "float32"), (True, "bfloat16")):
        monkeypatch.setattr(fitting, "has_bfloat16", lambda device, supported=supported: supported)
        network = train(folder, precision="auto")
        assert read_json(folder / "fit.json")["precision"] == precision
        # A checkpoint in another precision is not used.
        assert train(folder, precision=precision) == network
    train(folder)
    assert "precision" not in read_json(folder / "fit.json")


@pytest.mark.parametrize("part", ["all", "train_12"])
def test_early_stopping_stops_and_resumes_with_the_best_weights(folder, part):
    # With this learning rate, the loss soon increases.
    params = {"early_stopping": {"patience": 2}, "learning_rate": 3.0, "part": part}
    stopped = train(folder, epochs=30, **params)
    weights = (folder / "network.safetensors").read_bytes()
    history = read_csv(folder / "history.csv")
    record = read_json(folder / "fit.json")["early_stopping"]
    losses = [row["validation_loss"] for row in history]
    assert record["epochs"] == len(history) < 30
    assert record["best_epoch"] == losses.index(min(losses)) == len(history) - 3
    assert record["n_validation"] == (2 if part == "all" else 1)
    # The saved weights are those of a training that ends with the best epoch.
    for path in (folder / "checkpoints").rglob("*.pt"):
        path.unlink()
    train(folder, epochs=record["best_epoch"] + 1, **params)
    assert (folder / "network.safetensors").read_bytes() == weights
    # More epochs continue from it, and stop where the first training stopped.
    assert train(folder, epochs=30, **params) == stopped
    assert train(folder, epochs=40, **params) == stopped
