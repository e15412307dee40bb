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
        """Change the parameters in place. The gradients may be used up."""
        if self.momentum and not self.velocities:
            self.velocities = [zeros_like(weight) for weight in parameters]
        velocities = self.velocities or [None] * len(parameters)
        # The fused kernel goes through memory once. It takes real numbers, and any strides for those of the weight.
        fused = all(
            velocity is not None and velocity.stride() == weight.stride() and weight.is_floating_point()
            for weight, velocity in zip(parameters, velocities, strict=True)
        )
        for decaying in (True, False):
            places = [place for place, weight in enumerate(parameters) if (weight.ndim > 1) == decaying]
            sgd(
                [parameters[place] for place in places],
                [_laid_out(gradients[place], parameters[place]) for place in places],
                [velocities[place] for place in places],
                fused=fused,
                foreach=not fused,
                weight_decay=self.weight_decay if decaying else 0,
                momentum=self.momentum,
                lr=learning_rate,
                dampening=0,
                nesterov=self.momentum > 0,
                maximize=False,
            )


def _laid_out(gradient: Tensor, weight: Tensor) -> Tensor:
    return gradient if gradient.stride() == weight.stride() else empty_like(weight).copy_(gradient)
