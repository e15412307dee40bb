"""User-defined networks: construction, smoke test with a batch, refusal and training."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cifarbench.errors import UserError
from cifarbench.io.atomic import save_npy
from cifarbench.models.networks.factory import load, save, smoke_test
from cifarbench.models.networks.fitting import fit_network
from cifarbench.planning.model_family import DataShape

SETTING = DataShape(n_train=60, n_classes=3, image_shape=(3, 4, 4), n_inputs=48)
USER_CODE = """
import torch
from torch import nn


class Flat(nn.Module):
    def __init__(self, image_shape, n_classes, width=4, spoil=""):
        super().__init__()
        c, h, w = image_shape
        self.layer = nn.Linear(c * h * w, width)
        self.head = nn.Linear(width, n_classes + (spoil == "classes"))
        self.unused = nn.Linear(2, 2)
        self.spoil = spoil

    def forward(self, images):
        if self.spoil == "raise":
            images @ images.new_zeros(7, 7)
        if self.spoil == "tuple":
            return (images,)
        found = self.head(torch.relu(self.layer(images.flatten(1))))
        return found * float("nan") if self.spoil == "nan" else found


class NoShape(nn.Module):
    def __init__(self, n_classes):
        super().__init__()


class Needs(Flat):
    def __init__(self, image_shape, n_classes, depth):
        super().__init__(image_shape, n_classes)


class Fails(Flat):
    def __init__(self, image_shape, n_classes):
        raise KeyError("on purpose")


class Frozen(nn.Flatten):
    def __init__(self, image_shape, n_classes):
        super().__init__()
        self.n_classes = n_classes

    def forward(self, images):
        return super().forward(images)[:, : self.n_classes]


def function(image_shape, n_classes):
    return None
"""


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_nets.py").write_text(USER_CODE)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)
    sys.modules.pop("own_nets", None)


TRAINING = {"learning_rate": 0.1, "batch_size": 8, "epochs": 3}


def entry(name: str, **params) -> dict:
    return {"module": f"own_nets.py:{name}", "params": params, **TRAINING}


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        (
            "Flat",
            {"spoil": "classes"},
            "forward returns (4, 4) for a batch of 4 images, but must return (4, 3)",
        ),
        ("Flat", {"spoil": "tuple"}, "its forward returns a tuple for a batch"),
        ("Flat", {"spoil": "raise"}, "its forward fails on a batch of shape (4, 3, 4, 4) (RuntimeError: "),
        ("Flat", {"widht": 5}, "m.params.widht is not a parameter of own_nets.py:Flat; did you mean width?"),
        ("NoShape", {}, "its constructor must take image_shape by keyword: add it."),
        ("Needs", {}, "models.m.params.depth is missing; own_nets.py:Needs needs it: add it."),
        ("Fails", {}, "it can't be built with image_shape (3, 4, 4), n_classes 3 and params {} (KeyError: "),
        ("Frozen", {}, "it has no parameters to train"),
        ("function", {}, "it is not an nn.Module: name a class that is one."),
        ("Nothing", {}, "own_nets.py has no Nothing"),
    ],
)
def test_invalid_networks_are_refused_in_a_sentence(user_code, name, params, said):
    with pytest.raises(UserError) as caught:
        smoke_test("models.m", entry(name, **params), SETTING)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def trained(folder: Path, params: dict, rows: np.ndarray | None = None):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = random.integers(0, 100, (60, 48)).astype(np.uint8)
    images[np.arange(60), labels] += 150
    save_npy(folder / "images.npy", images)
    save_npy(folder / "labels.npy", labels)
    options = {"checkpoints": folder / "checkpoints", "checkpoint_interval_seconds": 0}
    return fit_network(
        SimpleNamespace(options=options, code="c0de", threads=1),
        {"params": params, "seed": 1},
        {"image_shape": [3, 4, 4], "classes": ["a", "b", "c"]},
        training=(folder / "images.npy", folder / "labels.npy", rows),
        test=(folder / "images.npy", folder / "labels.npy", None),
        test_each_epoch=True,
    )


def test_a_network_is_trained_saved_and_loaded(user_code):
    params = entry("Flat", width=6) | {"epochs": 40}
    fitted = trained(user_code, params)
    assert [row["epoch"] for row in fitted.history] == list(range(40))
    assert fitted.history[-1]["test_accuracy"] > 0.8
    save(user_code / "network.safetensors", fitted.network)
    again = load(user_code / "network.safetensors", params, (3, 4, 4), 3)
    batch = torch.zeros(2, 3, 4, 4)
    assert torch.equal(again.eval()(batch), fitted.network.eval()(batch))


def test_each_subset_has_its_own_checkpoints(user_code):
    params = entry("Flat")
    trained(user_code, params)
    trained(user_code, params, np.arange(30))
    trained(user_code, params, np.arange(30, 60))
    assert len(list((user_code / "checkpoints").iterdir())) == 3


def test_a_nan_loss_ends_the_training_with_a_reason(user_code):
    with pytest.raises(
        FloatingPointError, match="the training loss is nan in epoch 0; a lower learning_rate"
    ):
        trained(user_code, entry("Flat", spoil="nan"))
