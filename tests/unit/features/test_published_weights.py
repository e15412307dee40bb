"""Published weights, downloaded from local servers that send files in the original layout, and from caches."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import timm
import torch
from torch import nn
from torchvision import models
from torchvision.transforms import v2

from cifarbench.config.build_checks import type_errors
from cifarbench.config.presets import BACKBONES
from cifarbench.errors import UserError
from cifarbench.features import pretrained
from cifarbench.features.published_weights import find_weights
from cifarbench.io.atomic import write_json
from cifarbench.planning.model_family import DataShape
from helpers.fetching import QUICK
from helpers.pretrained import fill_hub_cache, save_vit
from helpers.servers import Server, part, reset, serving, well

SHAPE = (3, 20, 16)
PARAMS = {"backbone": "mobilenet_v3_small", "weights": None, "image_size": None}


@pytest.fixture(autouse=True)
def no_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.manual_seed(0)
    torch.save(models.mobilenet_v3_small().state_dict(), path)
    return path.read_bytes()


@pytest.fixture
def server(content, monkeypatch) -> Iterator[Server]:
    """A server of torchvision's file that interrupts the first download."""
    with serving(content, part(1_000_000, reset), well) as server:
        publish(server, content, monkeypatch)
        yield server


def publish(server: Server, content: bytes, monkeypatch) -> None:
    """Let torchvision's URL of the weights point to a server, with the checksum in the file name."""
    weights = models.MobileNet_V3_Small_Weights.IMAGENET1K_V1
    name = f"mobilenet_v3_small-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    url = f"{server.url.rpartition('/')[0]}/{name}"
    monkeypatch.setattr(weights, "_value_", replace(weights.value, url=url))


def features_of(receipt: dict, params: dict, images: np.ndarray, folder: Path) -> torch.Tensor:
    write_json(folder / f"{params['backbone']}.json", receipt)
    found = pretrained.with_published_weights(params, folder)
    return torch.from_numpy(pretrained.transform(images, {}, found, SHAPE))


def preprocess(images: np.ndarray, size: int, mode: str, mean: list[float], std: list[float]) -> torch.Tensor:
    resize = v2.Resize((size, size), v2.InterpolationMode(mode), antialias=True)
    steps = v2.Compose([v2.ToDtype(torch.float32, scale=True), resize, v2.Normalize(mean, std)])
    return steps(torch.tensor(images.reshape(-1, *SHAPE)))


def check_outputs(network: nn.Module, last: nn.Module, features: torch.Tensor, inputs: torch.Tensor) -> None:
    network.eval()
    with torch.inference_mode():
        torch.testing.assert_close(last(features), network(inputs), atol=1e-4, rtol=1e-3)


def test_torchvisions_weights_are_downloaded_resumed_and_used(server, content, tmp_path):
    weights = find_weights("mobilenet_v3_small")
    cache = tmp_path / "cache"
    announced = weights.describe(cache)
    assert announced.startswith(
        "The weights of torchvision.mobilenet_v3_small.IMAGENET1K_V1, 10 MB, will be down"
    )
    receipt = weights.fetch(cache, QUICK)
    assert receipt["path"] == str(cache / weights.filename)
    assert receipt["sha256"] == hashlib.sha256(content).hexdigest()
    assert receipt["url"] == weights.url and receipt["license"].startswith("BSD-3-Clause")
    assert server.requests == [None, "bytes=1000000-"]
    assert weights.fetch(cache, QUICK) == receipt
    assert len(server.requests) == 2
    assert str(cache) in weights.describe(cache)
    images = np.random.default_rng(0).integers(0, 256, (3, 960)).astype(np.uint8)
    network = models.mobilenet_v3_small()
    network.load_state_dict(torch.load(receipt["path"], weights_only=True))
    last = network.classifier[-1]
    head = nn.Sequential(last)
    inputs = preprocess(images, 224, "bilinear", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    check_outputs(network, head, features_of(receipt, PARAMS, images, tmp_path), inputs)


def test_torchs_cache_is_used_if_its_file_is_valid(server, content, tmp_path):
    weights = find_weights("torchvision.mobilenet_v3_small.IMAGENET1K_V1")
    path = tmp_path / "torch/hub/checkpoints" / weights.filename
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert weights.fetch(tmp_path / "cache", QUICK)["path"] == str(path)
    assert not server.requests
    path.write_bytes(content[:-1])
    assert weights.fetch(tmp_path / "cache", QUICK)["path"] == str(tmp_path / "cache" / weights.filename)


def test_a_wrong_file_is_refused_with_instructions(server, content, tmp_path):
    server.content = content[:-1] + b"?"
    weights = find_weights("mobilenet_v3_small")
    with pytest.raises(UserError) as refusal:
        weights.fetch(tmp_path, QUICK)
    assert "sends another file" in str(refusal.value)
    by_hand = f"download {weights.url} on another machine, and copy it to {tmp_path / weights.filename}"
    assert by_hand in str(refusal.value)
    assert not (tmp_path / weights.filename).exists()


def test_failed_downloads_end_with_instructions(content, tmp_path, monkeypatch):
    with serving(content) as server:
        publish(server, content, monkeypatch)
    weights = find_weights("mobilenet_v3_small")
    with pytest.raises(UserError) as refusal:
        weights.fetch(tmp_path, QUICK)
    by_hand = f"download {weights.url} on another machine, and copy it to {tmp_path / weights.filename}."
    assert str(refusal.value).startswith(f"{weights.name} could not be downloaded (127.0.0.1:")
    assert str(refusal.value).endswith(by_hand)
    assert "\n" not in str(refusal.value)
    (tmp_path / weights.filename).write_bytes(content)
    assert weights.fetch(tmp_path)["path"] == str(tmp_path / weights.filename)


def test_timms_weights_come_from_the_hub_or_its_cache(tmp_path, monkeypatch):
    file = save_vit(tmp_path / "vit.safetensors")
    content = file.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    with serving(content) as server:
        server.headers = {"X-Linked-Size": len(content), "X-Linked-Etag": f'"{checksum}"'}
        monkeypatch.setattr(huggingface_hub, "hf_hub_url", lambda repository, name: server.url)
        receipt = find_weights("timm.test_vit").fetch(tmp_path / "cache", QUICK)
        server.headers["X-Linked-Etag"] = '"an etag that is no checksum"'
        with pytest.raises(UserError, match="sends no size or no checksum"):
            find_weights("timm.test_vit").fetch(tmp_path / "other", QUICK)
    assert receipt["sha256"] == checksum and receipt["license"] == "apache-2.0"
    images = np.random.default_rng(0).integers(0, 256, (3, 960)).astype(np.uint8)
    network = timm.create_model("test_vit", checkpoint_path=str(file))
    params = PARAMS | {"backbone": "timm.test_vit"}
    inputs = preprocess(images, 160, "bicubic", [0.5] * 3, [0.5] * 3)
    check_outputs(network, network.head, features_of(receipt, params, images, tmp_path), inputs)
    # Position embeddings are resized.
    assert features_of(receipt, params | {"image_size": 96}, images, tmp_path).shape == (3, 64)
    hub = fill_hub_cache(tmp_path / "hub")
    assert Path(find_weights("timm.test_vit").fetch(tmp_path / "new")["path"]).is_relative_to(hub)


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("resnet18", "torchvision.resnet18.IMAGENET1K_V1"),
        ("resnet50", "torchvision.resnet50.IMAGENET1K_V2"),
        ("resnet50.IMAGENET1K_V1", "torchvision.resnet50.IMAGENET1K_V1"),
        ("timm.resnet18", "timm.resnet18.a1_in1k"),
        ("mobilenetv3_small_050", "timm.mobilenetv3_small_050.lamb_in1k"),
        ("dinov2_vits14", "timm.vit_small_patch14_dinov2.lvd142m"),
    ],
)
def test_names_are_looked_up_in_torchvision_then_in_timm(backbone, name):
    assert find_weights(backbone).name == name


@pytest.mark.parametrize(
    ("backbone", "remedy"),
    [
        ("resnet18.V9", "name one of IMAGENET1K_V1 after its name, or name a file as weights."),
        ("timm.resnet18.v9", "name one of a1_in1k, a2_in1k, "),
        ("timm.seresnet18", "choose another, or name a file as weights."),
    ],
)
def test_unpublished_weights_are_refused_before_a_run(backbone, remedy):
    data = DataShape(9, 2, SHAPE, 960)
    (sentence,) = type_errors("features.f", pretrained.FEATURE_TYPE, PARAMS | {"backbone": backbone}, data)
    assert sentence.startswith(f"features.f.backbone is {backbone}; no such weights are published: {remedy}")


def test_presets_have_the_names_of_the_files():
    assert {name: find_weights(name).filename for name in BACKBONES} == BACKBONES
