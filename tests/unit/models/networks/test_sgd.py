"""Gradient descent, compared with torch.optim.SGD."""

import io

import pytest
import torch
from torch import nn

from cifarbench.models.networks.sgd import SGD


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Linear(7, 3))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_steps_equal_those_of_torch_before_and_after_a_checkpoint(
    momentum: float, weight_decay: float
) -> None:
    ours, theirs = network(), network()
    weights = [weight for weight in theirs.parameters() if weight.ndim > 1]
    biases = [weight for weight in theirs.parameters() if weight.ndim == 1]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": biases}]
    reference = torch.optim.SGD(groups, lr=0.1, momentum=momentum, nesterov=momentum > 0)
    optimizer = SGD(list(ours.parameters()), momentum, weight_decay)
    for step in range(4):
        if step == 2:
            checkpoint = io.BytesIO()
            torch.save(optimizer.state_dict(), checkpoint)
            checkpoint.seek(0)
            optimizer = SGD(list(ours.parameters()), momentum, weight_decay)
            optimizer.load_state_dict(torch.load(checkpoint))
        inputs, rate = torch.randn(8, 5), 0.1 / (step + 1)
        loss = ours(inputs).square().mean()
        optimizer.step(list(torch.autograd.grad(loss, optimizer.parameters)), rate)
        for group in reference.param_groups:
            group["lr"] = rate
        reference.zero_grad()
        theirs(inputs).square().mean().backward()
        reference.step()
    for weight, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(weight, expected)


def transposed(values: torch.Tensor) -> torch.Tensor:
    return values.transpose(0, 1).contiguous().transpose(0, 1)


def channels_last(values: torch.Tensor) -> torch.Tensor:
    return values.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout_of_gradient", [torch.Tensor.contiguous, transposed, channels_last])
@pytest.mark.parametrize("layout_of_weight", [torch.Tensor.contiguous, transposed, channels_last])
def test_steps_do_not_depend_on_the_layout_of_weights_and_gradients(
    layout_of_weight, layout_of_gradient
) -> None:
    torch.manual_seed(0)
    # The number of values is not a multiple of the size of vector registers.
    start, gradient = torch.randn(7, 5, 3, 3), torch.randn(7, 5, 3, 3)
    weight = layout_of_weight(start.clone())
    strides = weight.stride()
    optimizers = SGD([start], 0.9, 0.1), SGD([weight], 0.9, 0.1)
    for _ in range(3):
        optimizers[0].step([gradient.clone()], 0.1)
        optimizers[1].step([layout_of_gradient(gradient.clone())], 0.1)
    torch.testing.assert_close(start, weight, rtol=1e-6, atol=1e-6)
    assert weight.stride() == strides
