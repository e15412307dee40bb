"""Average the weights of a network over the steps of its training."""

import copy

import torch
from torch import nn


class WeightAverage:
    """An exponential moving average of a network's weights and buffers; integer buffers are copied.

    `network` has the averages. The decay is at most (1 + step) / (10 + step), so that the initial weights soon lose
    their influence.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.network = copy.deepcopy(network)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards the weights after a step, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        average, current = self.network.state_dict(), network.state_dict()
        for name, values in current.items():
            if values.is_floating_point():
                average[name].lerp_(values, 1 - decay)
            else:
                average[name].copy_(values)
