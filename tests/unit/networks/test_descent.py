"""Gradient descent, against torch's own."""

import io

import pytest
import torch
from torch import nn

from cifarbench.networks.descent import Descent


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_it_is_that_of_torch(momentum: float, weight_decay: float) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    groups = [{"params": [theirs.weight], "weight_decay": weight_decay}, {"params": [theirs.bias]}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=momentum, nesterov=momentum > 0)
    descent = Descent(momentum, weight_decay)
    for step in range(4):
        inputs, rate = torch.randn(8, 5), 0.1 / (step + 1)
        parameters = list(ours.parameters())
        descent.step(parameters, list(torch.autograd.grad(ours(inputs).square().mean(), parameters)), rate)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        theirs(inputs).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def contiguous(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous()


def transposed(values: torch.Tensor) -> torch.Tensor:
    return values.transpose(0, 1).contiguous().transpose(0, 1)


def channels_last(values: torch.Tensor) -> torch.Tensor:
    return values.to(memory_format=torch.channels_last)


def part_of_more(values: torch.Tensor) -> torch.Tensor:
    return torch.cat([values, values + 1], dim=1)[:, : values.shape[1]]


LAYOUTS = [contiguous, transposed, channels_last, part_of_more]


@pytest.mark.parametrize("of_gradient", LAYOUTS)
@pytest.mark.parametrize("of_weight", LAYOUTS)
def test_the_layout_of_weights_and_gradients_changes_nothing(of_weight, of_gradient) -> None:
    torch.manual_seed(0)
    # A number of values that no vector divides.
    start, gradient = torch.randn(7, 5, 3, 3), torch.randn(7, 5, 3, 3)
    plain, ours = start.clone(), of_weight(start.clone())
    layout = ours.stride()
    first, second = Descent(0.9, 0.1), Descent(0.9, 0.1)
    for _ in range(3):
        first.step([plain], [gradient.clone()], 0.1)
        second.step([ours], [of_gradient(gradient.clone())], 0.1)
    torch.testing.assert_close(plain, ours, rtol=1e-6, atol=1e-6)
    assert ours.stride() == layout


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize("shape", [(), (5,), (3, 0), (9, 7)])
def test_it_takes_any_weights(kind: torch.dtype, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    start, gradient, velocity = torch.randn(shape, dtype=kind), torch.randn(shape, dtype=kind), 0
    weight, descent, expected = start.clone(), Descent(0.9, 0.1), start.clone()
    for _ in range(3):
        descent.step([weight], [gradient.clone()], 0.1)
        change = gradient + 0.1 * expected * (len(shape) > 1)
        velocity = 0.9 * velocity + change
        expected = expected - 0.1 * (change + 0.9 * velocity)
    torch.testing.assert_close(weight, expected)


def test_a_velocity_from_a_checkpoint_goes_on() -> None:
    torch.manual_seed(0)
    start, gradient = transposed(torch.randn(6, 4)), torch.randn(6, 4)
    whole, resumed, stored = Descent(0.9, 0.1), Descent(0.9, 0.1), io.BytesIO()
    expected, weight = start.clone(), start.clone()
    for _ in range(2):
        whole.step([expected], [gradient.clone()], 0.1)
    first = Descent(0.9, 0.1)
    first.step([weight], [gradient.clone()], 0.1)
    torch.save(first.velocities, stored)
    stored.seek(0)
    resumed.velocities = torch.load(stored)
    resumed.step([weight], [gradient.clone()], 0.1)
    assert torch.equal(expected, weight)
