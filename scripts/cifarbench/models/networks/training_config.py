"""The hyperparameters of a training, without those of the network's architecture."""

from dataclasses import dataclass, fields
from math import cos, pi
from typing import Any, Self

from cifarbench.models.networks.early_stopping import best_epoch

# Share of the steps in which the triangular schedule rises.
WARMUP_SHARE = 0.2

# Learning rate relative to the highest one, as a function of the training's progress from 0 to 1.
SCHEDULES = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: (1 + cos(pi * progress)) / 2,
    "triangular": lambda progress: min(progress / WARMUP_SHARE, (1 - progress) / (1 - WARMUP_SHARE)),
}


@dataclass(frozen=True)
class TrainingConfig:
    """The hyperparameters of a training; models/networks/family.py describes them and their ranges."""

    learning_rate: float
    batch_size: int
    epochs: int
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    label_smoothing: float = 0.0
    flip: bool = False
    translate: int = 0
    tta_flip: bool = False
    tta: str | None = None
    optimizer: str = "SGD"
    optimizer_params: dict[str, Any] | None = None
    schedule_params: dict[str, Any] | None = None
    grad_clip: float | None = None
    ema: float | None = None
    class_weight: str | None = None
    cutout: int = 0
    transform: str | None = None
    transform_params: dict[str, Any] | None = None
    precision: str | None = None
    early_stopping: dict[str, Any] | None = None
    # Of early stopping; the validation loss unless given.
    stopping_metric: str | None = None

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """Return the training configuration among a network's hyperparameters."""
        return cls(**{name: value for name, value in params.items() if name in TRAINING_PARAMS})

    def selected_epoch(self, history: list[dict[str, Any]]) -> int:
        """Return the epoch whose weights are used: the best one with early stopping, else the last one."""
        if self.early_stopping is None:
            return len(history) - 1
        if self.stopping_metric:
            losses = [-row["validation_score"] for row in history]
        else:
            losses = [row["validation_loss"] for row in history]
        return best_epoch(losses, self.early_stopping.get("min_delta", 0))

    def is_finished(self, history: list[dict[str, Any]]) -> bool:
        """Return whether a training with this history ends."""
        if self.early_stopping is None or not history:
            return len(history) >= self.epochs
        epochs_since_best = len(history) - 1 - self.selected_epoch(history)
        return len(history) >= self.epochs or epochs_since_best >= self.early_stopping["patience"]

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Return the learning rate of a step out of `steps`, taken at the step's middle, so that none is zero."""
        return self.learning_rate * SCHEDULES[self.schedule]((step + 0.5) / steps)

    def checkpoint_key(self) -> dict[str, Any]:
        """Return the hyperparameters that a checkpoint depends on; `epochs` only if the learning rate changes."""
        key = {name: getattr(self, name) for name in TRAINING_PARAMS}
        if self.schedule == "constant":
            del key["epochs"]
        return key


TRAINING_PARAMS = tuple(field.name for field in fields(TrainingConfig))
