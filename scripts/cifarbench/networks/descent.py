"""Stochastic gradient descent, all weights of a network at a time."""

from torch import Tensor, empty_like, no_grad, zeros_like
from torch.optim.sgd import sgd


class Descent:
    """Nesterov's momentum and weight decay, as torch.optim.SGD has them, without its bookkeeping.

    That would take as long as a tenth of a perceptron's products. weight_decay: of weights alone, not of biases and
    scales, which have one dimension.
    """

    def __init__(self, momentum: float, weight_decay: float):
        self.momentum = momentum
        self.weight_decay = weight_decay
        # By their places; empty before the first step.
        self.velocities: list[Tensor] = []

    @no_grad()
    def step(self, parameters: list[Tensor], gradients: list[Tensor], learning_rate: float) -> None:
        """Change the parameters in place. The gradients are used up."""
        # What does all at once goes through memory as it comes, and takes any layout for the parameter's own.
        alike = [empty_like(weight) for weight in parameters]
        dense = all(weight.stride() == one.stride() for weight, one in zip(parameters, alike, strict=True))
        if self.momentum and not self.velocities:
            self.velocities = [zeros_like(weight) for weight in parameters]
        for decaying in (True, False):
            places = [place for place, weight in enumerate(parameters) if (weight.ndim > 1) == decaying]
            sgd(
                [parameters[place] for place in places],
                [_laid_out(gradients[place], alike[place]) for place in places],
                [self.velocities[place] if self.momentum else None for place in places],
                fused=dense,
                foreach=not dense,
                weight_decay=self.weight_decay if decaying else 0,
                momentum=self.momentum,
                lr=learning_rate,
                dampening=0,
                nesterov=bool(self.momentum),
                maximize=False,
            )


def _laid_out(values: Tensor, like: Tensor) -> Tensor:
    return values if values.stride() == like.stride() else like.copy_(values)
