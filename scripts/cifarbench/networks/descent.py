"""Stochastic gradient descent, all weights of a network at a time."""

from torch import Tensor, _foreach_add_, _foreach_mul_, no_grad, zeros_like


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
        decaying = [place for place, weight in enumerate(parameters) if weight.ndim > 1]
        if self.weight_decay and decaying:
            _foreach_add_(
                [gradients[place] for place in decaying],
                [parameters[place] for place in decaying],
                alpha=self.weight_decay,
            )
        if self.momentum:
            if not self.velocities:
                self.velocities = [zeros_like(weight) for weight in parameters]
            _foreach_mul_(self.velocities, self.momentum)
            _foreach_add_(self.velocities, gradients)
            _foreach_add_(gradients, self.velocities, alpha=self.momentum)
        _foreach_add_(parameters, gradients, alpha=-learning_rate)
