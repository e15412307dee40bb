"""Options of the training loop: averaged weights, clipped gradients, class weights, cutout, transforms."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from cifarbench.models.networks.augmentation import (
    GREY,
    Augmentation,
    create_transform,
    transform_errors,
)
from cifarbench.models.networks.optimizers import clip_by_norm
from cifarbench.models.networks.training import WeightAverage, balanced_weights


def test_averages_are_exponential_after_a_warm_up():
    network = nn.BatchNorm1d(1)
    average = WeightAverage(network, 0.5)
    expected = 1.0
    for step, weight in enumerate([3.0, -1.0, 2.0, 5.0] * 4):
        nn.init.constant_(network.weight, weight)
        network.num_batches_tracked += 1
        average.update(network, step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
    assert average.network.weight.item() == pytest.approx(expected)
    assert average.network.num_batches_tracked == 16
    assert network.weight.item() == 5


def test_gradients_are_clipped_as_by_torch():
    torch.manual_seed(0)
    network = nn.Linear(4, 3)
    network(torch.randn(5, 4)).square().sum().backward()
    gradients = [weight.grad.clone() for weight in network.parameters()]
    assert all(map(torch.equal, clip_by_norm(gradients, 1e6), gradients))
    nn.utils.clip_grad_norm_(network.parameters(), 0.5)
    for ours, weight in zip(clip_by_norm(gradients, 0.5), network.parameters(), strict=True):
        torch.testing.assert_close(ours, weight.grad, rtol=1e-5, atol=1e-6)
    assert not any(gradient.any() for gradient in clip_by_norm([torch.zeros(2)], 1.0))


def test_balanced_weights_equal_scikit_learns():
    labels = np.repeat([0, 1, 3], [5, 2, 3])
    weights = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    ours = balanced_weights(torch.from_numpy(labels))
    assert ours[[0, 1, 3]].tolist() == pytest.approx(weights)


def test_cutout_covers_a_square_around_a_random_pixel():
    images = torch.zeros(2000, 2, 6, 7, dtype=torch.uint8)
    augmentation = Augmentation(images, flip=False, translate=0, seed=0, cutout=3)
    generator = torch.Generator().manual_seed(0)
    augmentation.start_epoch(0, generator)
    first = augmentation.batch(torch.arange(2000))
    assert set(first.unique().tolist()) == {0, GREY}
    assert torch.equal(first[:, 0], first[:, 1])
    covered = first[:, 0] == GREY
    heights, widths = covered.any(2).sum(1), covered.any(1).sum(1)
    # Squares at the border are cropped.
    assert torch.equal(covered.sum((1, 2)), heights * widths)
    assert set(heights.tolist()) == set(widths.tolist()) == {2, 3}
    # The centre is uniform: inner pixels are covered in 9 of 42 cases.
    assert covered[:, 2:4, 2:5].float().mean().item() == pytest.approx(9 / 42, abs=0.02)
    augmentation.start_epoch(1, generator)
    assert not torch.equal(augmentation.batch(torch.arange(2000)), first)
    # A batch is a subset of the epoch.
    assert torch.equal(augmentation.batch(torch.arange(7, 9)), augmentation.batch(torch.arange(2000))[7:9])


def test_transforms_are_drawn_for_each_image():
    images = torch.zeros(400, 3, 6, 6, dtype=torch.uint8)
    params = {"transform": "torchvision.transforms.v2.RandomInvert", "transform_params": {"p": 0.25}}
    augmentation = Augmentation(images, False, 0, seed=0, transform=create_transform(params))
    torch.manual_seed(0)
    augmentation.start_epoch(0, torch.Generator().manual_seed(0))
    batch = augmentation.batch(torch.arange(400))
    assert batch.dtype == torch.uint8
    assert {tuple(image.unique().tolist()) for image in batch} == {(0,), (255,)}
    assert (batch[:, 0, 0, 0] == 255).double().mean().item() == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"transform": "torchvision.transforms.v2.NoSuch"}, "has no NoSuch"),
        ({"transform": "no_such_package.Transform"}, "can't be imported"),
        (
            {"transform": "torchvision.transforms.v2.RandomInvert", "transform_params": {"q": 1}},
            "argument 'q'",
        ),
        (
            {"transform": "torchvision.transforms.v2.Resize", "transform_params": {"size": [3, 3]}},
            "does not return an image of the same shape",
        ),
        (
            {
                "transform": "torchvision.transforms.v2.Grayscale",
                "transform_params": {"num_output_channels": 1},
            },
            "does not return an image of the same shape",
        ),
    ],
)
def test_invalid_transforms_end_in_a_sentence(params, reason):
    (sentence,) = transform_errors("models.mlp", params, (3, 6, 6))
    assert sentence.startswith(f"models.mlp.transform is {params['transform']}")
    assert reason in sentence
    assert "\n" not in sentence
