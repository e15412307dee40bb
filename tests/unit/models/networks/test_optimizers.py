"""Optimizers and schedules of torch selected by name, compared with torch."""

import pytest
import torch
from torch import nn

from cifarbench.models.networks.optimizers import TorchOptimizer, create_schedule, training_errors
from cifarbench.models.networks.training_config import TrainingConfig


def config(**more) -> TrainingConfig:
    return TrainingConfig(**{"learning_rate": 0.1, "batch_size": 4, "epochs": 6} | more)


def convnet() -> nn.Sequential:
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 4))
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def groups(network: nn.Module, weight_decay: float) -> list[dict]:
    weights = [weight for weight in network.parameters() if weight.ndim > 1]
    biases = [weight for weight in network.parameters() if weight.ndim <= 1]
    return [{"params": weights, "weight_decay": weight_decay}, {"params": biases, "weight_decay": 0.0}]


@pytest.mark.parametrize(
    ("name", "params"), [("AdamW", {"betas": [0.9, 0.95]}), ("RMSprop", {"momentum": 0.5})]
)
def test_steps_equal_those_of_torch(name, params):
    network, expected = convnet(), convnet()
    optimizer = TorchOptimizer(list(network.parameters()), name, params, 0.1)
    reference = getattr(torch.optim, name)(groups(expected, 0.1), lr=0.01, **params)
    for _ in range(3):
        images = torch.randn(8, 3, 4, 4)
        loss = network(images).square().mean()
        optimizer.step(list(torch.autograd.grad(loss, optimizer.parameters)), 0.01)
        reference.zero_grad()
        expected(images).square().mean().backward()
        reference.step()
    for ours, theirs in zip(network.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_muon_updates_matrices_and_adamw_the_rest():
    network, expected = convnet(), convnet()
    optimizer = TorchOptimizer(list(network.parameters()), "Muon", {}, 0.0)
    loss = network(torch.randn(8, 3, 4, 4)).square().mean()
    gradients = torch.autograd.grad(loss, optimizer.parameters)
    optimizer.step(list(gradients), 0.01)
    for weight, before, gradient in zip(network.parameters(), expected.parameters(), gradients, strict=True):
        change = (before - weight).detach()
        if weight.ndim == 1:
            # The first step of AdamW has the size of the learning rate, wherever the gradient is not tiny.
            large = gradient.abs() > 1e-4
            torch.testing.assert_close(change[large], 0.01 * gradient.sign()[large], rtol=1e-2, atol=0)
        else:
            # The first step of Muon makes all singular values nearly equal; this size matches that of AdamW.
            scaled = torch.linalg.svdvals(change.flatten(1).double()) / (
                0.01 * 0.2 * max(change.flatten(1).shape) ** 0.5
            )
            assert 0.6 < scaled.min() < scaled.max() < 1.3


@pytest.mark.parametrize(
    ("schedule", "params", "expected"),
    [
        ("StepLR", {"step_size": 2, "gamma": 0.1}, [0.1] * 8 + [0.01] * 8 + [0.001] * 8),
        ("LinearLR", {"start_factor": 0.5, "total_iters": 1}, [0.05] * 4 + [0.1] * 20),
    ],
)
def test_schedules_of_torch_change_the_rate_after_each_epoch(schedule, params, expected):
    rate = create_schedule(config(schedule=schedule, schedule_params=params), steps_per_epoch=4)
    assert [rate(step) for step in range(24)] == pytest.approx(expected)


def test_one_cycle_spans_all_steps():
    rate = create_schedule(
        config(schedule="OneCycleLR", schedule_params={"pct_start": 0.5}), steps_per_epoch=4
    )
    rates = [rate(step) for step in range(24)]
    assert max(rates) == pytest.approx(0.1, rel=0.01)
    assert 10 <= rates.index(max(rates)) <= 13
    assert rates[0] == pytest.approx(0.004)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "AdamX"}, "m.optimizer is AdamX; did you mean Adam"),
        (
            {"optimizer": "AdamW", "optimizer_params": {"beta": 1}},
            "m.optimizer_params don't fit AdamW (TypeError",
        ),
        ({"optimizer": "LBFGS"}, "m.optimizer_params don't fit LBFGS"),
        ({"schedule": "StepRL"}, "m.schedule is StepRL; did you mean StepLR?"),
        ({"schedule": "StepLR"}, "m.schedule_params don't fit StepLR (TypeError"),
        ({"schedule": "ReduceLROnPlateau"}, "m.schedule_params don't fit ReduceLROnPlateau"),
    ],
)
def test_invalid_names_and_arguments_end_in_a_sentence(wrong, message):
    (error,) = training_errors("m", config(**wrong))
    assert error.startswith(message)


@pytest.mark.parametrize("name", ["SGD", "Adam", "NAdam", "Adagrad", "Muon"])
def test_valid_names_have_no_errors(name):
    assert not list(training_errors("m", config(optimizer=name, schedule="CosineAnnealingLR")))
