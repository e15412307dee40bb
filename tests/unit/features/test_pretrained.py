"""Features of pretrained networks, compared with the networks used directly, with random weights."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.transforms import v2

from cifarbench.features import pretrained
from cifarbench.features.pretrained_network import TRANSFORM, load_network
from cifarbench.planning.model_family import DataShape

SHAPE = (3, 20, 16)
RESNET = "torchvision.resnet18"
TIMM = "timm.mobilenetv3_small_050"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write weights of networks with seven classes instead of the 1000 of ImageNet."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=7).state_dict(), folder / "resnet18.pt")
    small = timm.create_model(TIMM.partition(".")[2], pretrained=False, num_classes=7)
    save_file(small.state_dict(), folder / "small.safetensors")
    torch.save(torchvision.models.squeezenet1_1(num_classes=7).state_dict(), folder / "squeezenet.pt")
    return folder


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (70, 960)).astype(np.uint8)


def entry_of(architecture: str, weights: Path, image_size: int = 40) -> dict:
    return {"backbone": architecture, "weights": str(weights), "image_size": image_size}


def faults(entry: dict, shape: tuple[int, int, int] = SHAPE) -> list[str]:
    return list(
        pretrained.FEATURE_TYPE.check_build("features.f", entry, DataShape(70, 7, shape, int(np.prod(shape))))
    )


def preprocess(images: np.ndarray) -> torch.Tensor:
    """Preprocess images with torchvision's transforms."""
    steps = v2.Compose(
        [
            v2.ToDtype(torch.float32, scale=True),
            v2.Resize((40, 40), v2.InterpolationMode.BILINEAR, antialias=True),
            v2.Normalize(TRANSFORM["mean"], TRANSFORM["std"]),
        ]
    )
    return steps(torch.tensor(images.reshape(-1, *SHAPE)))


def test_features_are_the_inputs_of_the_last_layer_of_torchvisions_resnet(folder, images):
    network = torchvision.models.resnet18(num_classes=7)
    network.load_state_dict(torch.load(folder / "resnet18.pt", weights_only=True))
    check_last_layer(network, network.fc, entry_of(RESNET, folder / "resnet18.pt"), images)


def test_features_are_the_inputs_of_the_last_layer_of_a_timm_network(folder, images):
    path = folder / "small.safetensors"
    network = timm.create_model(TIMM.partition(".")[2], checkpoint_path=str(path), num_classes=7)
    check_last_layer(network, network.classifier, entry_of(TIMM, path), images)


def check_last_layer(network: nn.Module, last: nn.Linear, entry: dict, images: np.ndarray) -> None:
    """Check that the last layer of the network maps the features of an entry to the network's outputs."""
    found = pretrained.transform(images, {}, entry, SHAPE)
    assert found.shape == (70, last.in_features) and found.dtype == np.float32 and found.flags.c_contiguous
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            last(torch.from_numpy(found)), network(preprocess(images)), atol=1e-4, rtol=1e-3
        )


def test_grey_images_equal_images_with_three_equal_channels(folder):
    grey = np.random.default_rng(0).integers(0, 256, (5, 320)).astype(np.uint8)
    entry = entry_of(RESNET, folder / "resnet18.pt")
    found = pretrained.transform(grey, {}, entry, (1, 20, 16))
    expected = pretrained.transform(np.tile(grey, 3), {}, entry, SHAPE)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_weights_may_be_in_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    entry = entry_of(RESNET, Path("~/resnet18.pt"))
    assert pretrained.FEATURE_TYPE.source_file(entry) == str(folder / "resnet18.pt")
    assert load_network(RESNET, entry["weights"], 96) is not None


def test_valid_weights_have_no_errors(folder):
    assert not faults(entry_of(RESNET, folder / "resnet18.pt"))
    assert not faults(entry_of(TIMM, folder / "small.safetensors"))
    assert pretrained.FEATURE_TYPE.source_file(entry_of(RESNET, Path("w.pt"))) == "w.pt"


@pytest.mark.parametrize(
    ("architecture", "mend"),
    [
        ("torchvision.resnet19", "did you mean torchvision.resnet18?"),
        ("timm.mobilenetv3_smal_050", "did you mean timm.mobilenetv3_small_050?"),
        # It exists, but not for classification; building it would start a download.
        ("torchvision.fcn_resnet50", "did you mean "),
        ("torchvision.zzzzzzzzzzz", "name one, such as torchvision.resnet18."),
    ],
)
def test_unknown_architectures_are_refused(folder, architecture, mend):
    (sentence,) = faults(entry_of(architecture, folder / "resnet18.pt"))
    what = f"{architecture.partition('.')[0]} has no such network for classification: {mend}"
    assert sentence.startswith(f"features.f.backbone is {architecture}; {what}")


def test_architectures_without_a_last_linear_layer_are_refused(folder):
    assert faults(entry_of("torchvision.squeezenet1_1", folder / "squeezenet.pt")) == [
        "features.f.backbone is torchvision.squeezenet1_1; its last layer is not linear: choose another."
    ]


def test_missing_and_unreadable_weights_are_refused(folder):
    absent = folder / "absent.pt"
    assert faults(entry_of(RESNET, absent)) == [
        f"features.f.weights is {absent}; there is no such file: name one that is there, from {Path.cwd()}."
    ]
    broken, whole, wrong = folder / "broken.pt", folder / "whole.pt", folder / "wrong.safetensors"
    broken.write_bytes(b"no weights")
    # A pickled network, which would execute code when it is loaded.
    torch.save(torchvision.models.resnet18(), whole)
    wrong.write_bytes(b"no weights")
    for path in (broken, whole, wrong):
        (sentence,) = faults(entry_of(RESNET, path))
        assert sentence.startswith(f"features.f.weights is {path}; it can't be read (")
        assert "\n" not in sentence
    checkpoint = folder / "checkpoint.pt"
    torch.save({"epoch": 3, "state_dict": {}}, checkpoint)
    (sentence,) = faults(entry_of(RESNET, checkpoint))
    assert sentence.startswith(f"features.f.weights is {checkpoint}; it is not a state dict")


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("layer1.0.conv1.weight", None, "it has no layer1.0.conv1.weight"),
        ("extra.weight", torch.zeros(1), "it has extra.weight, too"),
        (
            "conv1.weight",
            torch.zeros(64, 1, 7, 7),
            "conv1.weight has the shape (64, 1, 7, 7), not (64, 3, 7, 7)",
        ),
    ],
)
def test_weights_of_another_network_are_refused(folder, tmp_path, name, value, fault):
    weights = torch.load(folder / "resnet18.pt", weights_only=True)
    weights.pop(name, None)
    if value is not None:
        weights[name] = value
    path = tmp_path / "weights.pt"
    torch.save(weights, path)
    assert faults(entry_of(RESNET, path)) == [
        f"features.f.weights is {path}; {fault}: name a file of weights of {RESNET}."
    ]


def test_unsupported_image_sizes_are_refused(tmp_path):
    path = tmp_path / "vit.pt"
    name = "timm.vit_tiny_patch16_224"
    torch.save(timm.create_model(name.partition(".")[2], pretrained=False).state_dict(), path)
    (sentence,) = faults(entry_of(name, path, image_size=8))
    assert sentence.startswith(f"features.f.image_size is 8; {name} fails on such images (")
    assert not faults(entry_of(name, path, image_size=64))


def test_other_channel_counts_than_one_and_three_are_refused():
    entry = entry_of(RESNET, Path("w.pt"))
    (sentence,) = pretrained.FEATURE_TYPE.check_data("features.f", entry, DataShape(9, 2, (4, 8, 8), 256))
    assert sentence.startswith("features.f.type is pretrained; images have 4 channels")
    assert not list(pretrained.FEATURE_TYPE.check_data("features.f", entry, DataShape(9, 2, (1, 8, 8), 64)))
