"""Gradient descent, against torch's own."""

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
