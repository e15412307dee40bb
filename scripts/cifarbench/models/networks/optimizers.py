"""Optimizers and learning-rate schedules: the package's own, and those of torch by name."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cifarbench.messages import format_error, suggest
from cifarbench.models.networks.sgd import SGD
from cifarbench.models.networks.training_config import SCHEDULES, TrainingConfig

# Schedules of torch that are made for one change per step; the others change once per epoch.
PER_STEP_SCHEDULES = ("OneCycleLR", "CyclicLR")


class TorchOptimizer:
    """An optimizer of torch.optim, with the interface of `SGD`.

    Muon updates matrices and convolutions, as matrices with one row per output; AdamW updates the rest, with the same
    learning rate, because Muon's updates are scaled to the size of AdamW's unless `params` say otherwise.

    weight_decay: of weights, but not of biases and scales, which have one dimension.
    """

    def __init__(self, parameters: list[Tensor], name: str, params: dict[str, Any], weight_decay: float):
        optimizer_class = getattr(torch.optim, name)
        self.parameters = parameters
        self._is_muon = name == "Muon"
        # They share memory with the weights of the network.
        self._weights = [nn.Parameter(self._as_matrix(weight.detach())) for weight in parameters]
        matrices = [weight for weight in self._weights if self._is_muon and weight.ndim == 2]
        rest = [weight for weight in self._weights if not (self._is_muon and weight.ndim == 2)]
        groups = [
            {"params": [weight for weight in rest if weight.ndim > 1], "weight_decay": weight_decay},
            {"params": [weight for weight in rest if weight.ndim <= 1], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]] or groups[:1]
        if self._is_muon:
            params = {"adjust_lr_fn": "match_rms_adamw"} | params
            muon = optimizer_class(matrices, weight_decay=weight_decay, **params)
            self._optimizers = [muon, torch.optim.AdamW(groups)]
        else:
            self._optimizers = [optimizer_class(groups, **params)]

    @torch.no_grad()
    def step(self, gradients: list[Tensor], learning_rate: float) -> None:
        """Update the parameters in place by gradients in their order."""
        for weight, gradient in zip(self._weights, gradients, strict=True):
            weight.grad = self._as_matrix(gradient)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the state, for `load_state_dict`."""
        return {"optimizers": [optimizer.state_dict() for optimizer in self._optimizers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        for optimizer, stored in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(stored)

    def _as_matrix(self, values: Tensor) -> Tensor:
        """Return filters (outputs, inputs, h, w), for Muon, as (outputs, h * w * inputs): a view if channels_last."""
        return values.movedim(1, -1).flatten(1) if self._is_muon and values.ndim == 4 else values


def clip_by_norm(gradients: Sequence[Tensor], max_norm: float) -> tuple[Tensor, ...]:
    """Return gradients, scaled down if the Euclidean norm of all their values exceeds `max_norm`."""
    norm = torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    )
    scale = (max_norm / norm.clamp_min(torch.finfo(norm.dtype).tiny)).clamp_max(1)
    return tuple(gradient * scale for gradient in gradients)


def create_optimizer(parameters: list[Tensor], config: TrainingConfig) -> SGD | TorchOptimizer:
    """Return the optimizer of a training. parameters: of convolutions, in the memory format channels_last."""
    if config.optimizer == "SGD" and not config.optimizer_params:
        return SGD(parameters, config.momentum, config.weight_decay)
    return TorchOptimizer(parameters, config.optimizer, config.optimizer_params or {}, config.weight_decay)


def create_schedule(config: TrainingConfig, steps_per_epoch: int) -> Callable[[int], float]:
    """Return a function from a step, counted from 0, to its learning rate."""
    n_steps = config.epochs * steps_per_epoch
    if config.schedule in SCHEDULES:
        return lambda step: config.learning_rate_at(step, n_steps)
    if config.schedule in PER_STEP_SCHEDULES:
        return list(_torch_rates(config, n_steps)).__getitem__
    rates = list(_torch_rates(config, config.epochs))
    return lambda step: rates[step // steps_per_epoch]


def _torch_rates(config: TrainingConfig, count: int) -> Iterator[float]:
    """Yield the first learning rates of a schedule of torch, which is applied to an optimizer without gradients."""
    schedule_class = getattr(torch.optim.lr_scheduler, config.schedule)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=config.learning_rate)
    defaults = {"total_steps": count, "T_max": count, "max_lr": config.learning_rate}
    accepted = inspect.signature(schedule_class).parameters
    params = {name: value for name, value in defaults.items() if name in accepted}
    schedule = schedule_class(optimizer, **params | (config.schedule_params or {}))
    for step in range(count):
        if step:
            optimizer.step()
            schedule.step()
        yield float(optimizer.param_groups[0]["lr"])


def training_errors(key: str, config: TrainingConfig) -> Iterator[str]:
    """Yield a sentence on an optimizer or a schedule that torch does not have, or whose parameters are wrong."""
    optimizers = _names(torch.optim, torch.optim.Optimizer)
    schedules = _names(torch.optim.lr_scheduler, torch.optim.lr_scheduler.LRScheduler)
    if config.optimizer not in optimizers:
        yield f"{key}.optimizer is {config.optimizer}; {suggest(config.optimizer, optimizers, 'torch.optim has')}"
    else:
        weights = [torch.zeros(2, 3), torch.zeros(2)]
        try:
            optimizer = create_optimizer(weights, config)
            optimizer.step([torch.ones_like(weight) for weight in optimizer.parameters], 0.1)
        except Exception as error:
            yield (
                f"{key}.optimizer_params don't fit {config.optimizer} ({format_error(error)}): correct them, or name "
                "another optimizer."
            )
    if config.schedule not in (*SCHEDULES, *schedules):
        known = [*SCHEDULES, *schedules]
        yield f"{key}.schedule is {config.schedule}; {suggest(config.schedule, known, 'it can be')}"
    else:
        try:
            create_schedule(config, 2)(0)
        except Exception as error:
            yield (
                f"{key}.schedule_params don't fit {config.schedule} ({format_error(error)}): correct them, or name "
                "another schedule."
            )


def _names(module: Any, base: type) -> list[str]:
    """Return the names of a module's public classes that are subclasses of `base`."""
    return [
        name
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, base) and member is not base and name[0] != "_"
    ]
