"""Filters of the first layer of networks."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cifarbench.models.networks.factory import build_model, save
from cifarbench.models.networks.filters import load_filters

SHAPE = (3, 12, 12)


def save_network(folder: Path, params: dict) -> nn.Module:
    torch.manual_seed(0)
    network = build_model(params, SHAPE, 10)
    if hasattr(network, "prepare"):
        network.prepare(torch.randn(20, *SHAPE))
    save(folder / "network.safetensors", network)
    return network


def test_filters_of_a_perceptron_have_the_shape_of_the_images(tmp_path):
    network = save_network(tmp_path, {"hidden_dim": 7, "batch_norm": True, "dropout": 0.5})
    found = load_filters(tmp_path / "network.safetensors", SHAPE)
    assert found.shape == (7, *SHAPE)
    assert (found == network.layers[0].weight.detach().reshape(7, *SHAPE).numpy()).all()


def test_filters_after_whitening_images_equal_the_layer(tmp_path):
    network = save_network(tmp_path, {"hidden_dim": 7, "whitening": 15})
    images = torch.randn(5, *SHAPE)
    with torch.no_grad():
        white, black = (
            network.layers[0](network.whitening(part.flatten(1))) for part in (images, 0 * images)
        )
    found = torch.from_numpy(load_filters(tmp_path / "network.safetensors", SHAPE))
    torch.testing.assert_close(images.flatten(1) @ found.flatten(1).T, white - black, atol=1e-4, rtol=1e-4)


def test_filters_after_a_whitening_layer_equal_the_convolution(tmp_path):
    network = save_network(tmp_path, {"channels": [40, 8]})
    images = torch.randn(5, *SHAPE)

    def responses(inputs: torch.Tensor) -> torch.Tensor:
        # Exclude the border, which the convolution pads with zeros.
        return network.blocks[0].convolutions[0](F.gelu(network.whitening(inputs)))[:, :, 1:-1, 1:-1]

    found = torch.from_numpy(load_filters(tmp_path / "network.safetensors", SHAPE))
    assert found.shape == (40, 3, 4, 4)
    torch.testing.assert_close(
        F.conv2d(images, found), (responses(images) - responses(-images)) / 2, atol=1e-4, rtol=1e-4
    )


def test_networks_without_an_image_layer_are_refused(tmp_path):
    save(tmp_path / "network.safetensors", nn.Linear(5, 5))
    with pytest.raises(ValueError, match=r"network\.safetensors has no layer for images of shape"):
        load_filters(tmp_path / "network.safetensors", SHAPE)


def test_filters_of_a_convolution_are_its_weights(tmp_path):
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 5), nn.Conv2d(4, 3, 3))
    save(tmp_path / "network.safetensors", network)
    assert (load_filters(tmp_path / "network.safetensors", SHAPE) == network[1].weight.detach().numpy()).all()
