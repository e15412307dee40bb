"""What networks have learned to look for, as pictures."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cifarbench.models.networks.factory import build_model, save
from cifarbench.models.networks.filters import load_filters

SHAPE = (3, 12, 12)


def saved(folder: Path, params: dict) -> nn.Module:
    torch.manual_seed(0)
    network = build_model(params, SHAPE, 10)
    if hasattr(network, "prepare"):
        network.prepare(torch.randn(20, *SHAPE))
    save(folder / "network.safetensors", network)
    return network


def test_a_perceptron_has_images_of_the_size_of_its_own(tmp_path):
    network = saved(tmp_path, {"hidden_dim": 7, "batch_norm": True, "dropout": 0.5})
    found = load_filters(tmp_path / "network.safetensors", SHAPE)
    assert found.shape == (7, *SHAPE)
    assert (found == network.layers[0].weight.detach().reshape(7, *SHAPE).numpy()).all()


def test_those_of_whitened_images_answer_as_the_layer_does(tmp_path):
    network = saved(tmp_path, {"hidden_dim": 7, "whitening": 15})
    images = torch.randn(5, *SHAPE)
    with torch.no_grad():
        white, black = (
            network.layers[0](network.whitening(part.flatten(1))) for part in (images, 0 * images)
        )
    found = torch.from_numpy(load_filters(tmp_path / "network.safetensors", SHAPE))
    torch.testing.assert_close(images.flatten(1) @ found.flatten(1).T, white - black, atol=1e-4, rtol=1e-4)


def test_those_behind_a_whitening_layer_answer_as_its_convolution_does(tmp_path):
    network = saved(tmp_path, {"channels": [40, 8]})
    images = torch.randn(5, *SHAPE)

    def answers(inputs: torch.Tensor) -> torch.Tensor:
        # Without the border, where the convolution sees nothing.
        return network.blocks[0].convolutions[0](F.gelu(network.whitening(inputs)))[:, :, 1:-1, 1:-1]

    found = torch.from_numpy(load_filters(tmp_path / "network.safetensors", SHAPE))
    assert found.shape == (40, 3, 4, 4)
    torch.testing.assert_close(
        F.conv2d(images, found), (answers(images) - answers(-images)) / 2, atol=1e-4, rtol=1e-4
    )


def test_what_takes_no_images_has_none(tmp_path):
    save(tmp_path / "network.safetensors", nn.Linear(5, 5))
    with pytest.raises(ValueError, match=r"network\.safetensors has no layer for images of shape"):
        load_filters(tmp_path / "network.safetensors", SHAPE)


def test_a_convolution_s_filters_are_its_own(tmp_path):
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 5), nn.Conv2d(4, 3, 3))
    save(tmp_path / "network.safetensors", network)
    assert (load_filters(tmp_path / "network.safetensors", SHAPE) == network[1].weight.detach().numpy()).all()
