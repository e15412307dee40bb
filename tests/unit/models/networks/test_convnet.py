"""The convolutional network."""

import pytest
import torch

from cifarbench.families import FAMILIES
from cifarbench.models.networks.convnet import ConvNet
from cifarbench.planning.experiment import with_defaults
from cifarbench.planning.model_family import DataShape


def network(channels: list[int], shape: tuple[int, int, int] = (3, 32, 32)) -> ConvNet:
    torch.manual_seed(0)
    return ConvNet(shape, 10, channels)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 17, 40)])
def test_the_network_returns_a_logit_per_class(shape):
    assert network([8, 16, 12], shape)(torch.randn(5, *shape)).shape == (5, 10)


def test_the_first_layer_whitens_patches():
    random = torch.Generator().manual_seed(0)
    # Neighbouring pixels are strongly correlated.
    images = torch.randn(50, 3, 9, 9, generator=random).cumsum(2).cumsum(3) / 20
    found = network([8], (3, 9, 9))
    found.prepare(images)
    values = found.whitening(images).movedim(1, 3).flatten(0, 2)
    half = values.shape[1] // 2
    torch.testing.assert_close(values[:, :half], -values[:, half:])
    covariance = torch.cov(values[:, :half].T)
    # Components with small variance remain below 1, so that noise is not amplified.
    assert (covariance - covariance.diagonal().diag()).abs().max() < 0.05
    assert covariance.diagonal().max() == pytest.approx(1, abs=0.05)
    assert not found.whitening.weight.requires_grad


def faults(hflip_safe: bool = True, **entry) -> list[str]:
    family = FAMILIES["convnet"]
    whole = {"channels": [8], "learning_rate": 0.1, "batch_size": 32, "epochs": 1} | entry
    setting = DataShape(100, 10, (3, 32, 32), 3072, hflip_safe=hflip_safe)
    return list(family.check_data("models.net", with_defaults(whole, family.parameters), setting))


def test_valid_parameters_have_no_errors():
    assert faults(channels=[8, 8, 8, 8], translate=15, flip=True, tta_flip=True) == []


def test_invalid_parameters_are_refused():
    assert faults(channels=[8] * 5) == [
        "models.net.channels has 5 blocks; give at most 4, since each halves the image of 32 x 32 pixels."
    ]
    assert faults(translate=16) == [
        "models.net.translate is 16; it must be at most 15, below half the height and width of images."
    ]
    assert faults(batch_size=33)[0].startswith("models.net.batch_size is 33; it leaves a batch of one image")
    for name in ("flip", "tta_flip"):
        assert faults(hflip_safe=False, **{name: True}) == [
            f"models.net.{name} is true; a mirrored image of this dataset shows something else (its hflip_safe is "
            "false): make it false."
        ]
