"""Train a network: one loop, one screen."""

import copy
import logging
import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cifarbench.evaluation.ranking_metric import score
from cifarbench.models.networks.augmentation import Augmentation, create_transform
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.optimizers import clip_by_norm, create_optimizer, create_schedule
from cifarbench.models.networks.preprocessing import ForwardContext
from cifarbench.models.networks.streaming import StreamingImages
from cifarbench.models.networks.training_config import TrainingConfig
from cifarbench.models.networks.tta import average_views

log = logging.getLogger(__name__)

# Images that are predicted at once, which bounds the memory of the layers' outputs.
EVALUATION_BATCH = 250
# An epoch of a history: `epoch` (from 0), `train_loss`, `test_loss`, `train_accuracy`, `test_accuracy`.
Row = dict[str, Any]


@dataclass(frozen=True)
class Split:
    """Images (N, channels, height, width) uint8 and labels (N,) int64, on the device that computes."""

    images: torch.Tensor | StreamingImages
    labels: torch.Tensor

    @classmethod
    def load(
        cls,
        images: Path,
        labels: Path,
        image_shape: tuple[int, int, int],
        device: torch.device,
        rows: np.ndarray | None = None,
        streamed: bool = False,
    ) -> Self:
        """Load images (N, D) and labels (N,), all or `rows`, from .npy files; `streamed`, when they are needed."""
        selected = slice(None) if rows is None else rows
        targets = torch.from_numpy(np.load(labels)[selected]).to(device)
        if streamed:
            return cls(StreamingImages(images, image_shape, device, rows), targets)
        pixels = np.load(images, mmap_mode="r" if rows is not None else None)[selected]
        return cls(torch.from_numpy(pixels.reshape(-1, *image_shape)).to(device), targets)

    def shuffle(self, generator: torch.Generator, batch_size: int) -> torch.Tensor:
        """Return the order of the images in the next epoch, (N,) int64."""
        if isinstance(self.images, StreamingImages):
            return self.images.shuffle(generator, batch_size)
        return torch.randperm(len(self.labels), generator=generator)


def balanced_weights(labels: torch.Tensor) -> torch.Tensor:
    """Return a weight per class, inverse to its frequency, as scikit-learn's `class_weight="balanced"` has it."""
    counts = torch.bincount(labels)
    return len(labels) / (counts.count_nonzero() * counts.clamp_min(1)).float()


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


class Trainer:
    """The state of a training: the network, its optimizer and history, and the generators of random numbers."""

    def __init__(self, network: nn.Module, training: Split, config: TrainingConfig, seed: int):
        self.network, self.training, self.config = network, training, config
        self.device = training.labels.device
        self.context = ForwardContext.for_network(network, self.device, config.precision)
        trainable: list[torch.Tensor] = [weight for weight in network.parameters() if weight.requires_grad]
        self.optimizer = create_optimizer(trainable, config)
        self.steps_per_epoch = math.ceil(len(training.labels) / config.batch_size)
        self.learning_rate_at = create_schedule(config, self.steps_per_epoch)
        self.augmentation = Augmentation(
            training.images,
            config.flip,
            config.translate,
            seed,
            config.cutout,
            create_transform(vars(config)),
        )
        self.class_weights = balanced_weights(training.labels) if config.class_weight else None
        self.average = WeightAverage(network, config.ema) if config.ema else None
        # On the CPU, so that the order is the same on every device.
        self.shuffler = torch.Generator().manual_seed(seed)
        self.history: list[Row] = []
        # The weights of the best epoch; with early stopping only.
        self.best_weights: dict[str, torch.Tensor] | None = None

    def run_epoch(self) -> tuple[float, float]:
        """Train for one epoch. Return the mean loss, without label smoothing, and the accuracy over its batches."""
        config, epoch = self.config, len(self.history)
        self.network.train()
        loss_sum = torch.zeros((), device=self.device)
        n_correct = torch.zeros((), dtype=torch.int64, device=self.device)
        order = self.training.shuffle(self.shuffler, config.batch_size).to(self.device)
        self.augmentation.start_epoch(epoch, self.shuffler)
        for step, batch in enumerate(order.split(config.batch_size), epoch * self.steps_per_epoch):
            labels = self.training.labels.index_select(0, batch)
            logits = self.context.logits(self.network, self.augmentation.batch(batch))
            loss = cross_entropy(logits, labels, self.class_weights, label_smoothing=config.label_smoothing)
            # A user-defined network may have weights that its output does not depend on.
            gradients = torch.autograd.grad(loss, self.optimizer.parameters, materialize_grads=True)
            if config.grad_clip:
                gradients = clip_by_norm(gradients, config.grad_clip)
            self.optimizer.step(list(gradients), self.learning_rate_at(step))
            if self.average:
                self.average.update(self.network, step)
            if config.label_smoothing or config.class_weight:
                loss = cross_entropy(logits.detach(), labels)
            loss_sum += loss.detach() * len(batch)
            n_correct += (logits.detach().argmax(1) == labels).sum()
        # Nothing else in an epoch waits for the device.
        return loss_sum.item() / len(order), n_correct.item() / len(order)

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and saved: with `ema` the average, else the trained one."""
        return self.average.network if self.average else self.network

    def end_epoch(self, row: Row) -> None:
        """Append an epoch to the history, and copy the weights if it is the best one for early stopping."""
        self.history.append(row)
        if self.config.early_stopping and self.config.selected_epoch(self.history) == row["epoch"]:
            self.best_weights = {name: values.clone() for name, values in self.evaluated.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the state that `load_state_dict` restores in another process."""
        random = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "epoch": len(self.history),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "shuffler": self.shuffler.get_state(),
            "random": random,
            "history": self.history,
            "best_weights": self.best_weights,
            "average": self.average and self.average.network.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.shuffler.set_state(state["shuffler"])
        torch.set_rng_state(state["random"]["cpu"])
        if self.device.type == "cuda" and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"], self.device)
        self.history = state["history"]
        self.best_weights = state["best_weights"]
        if self.average:
            self.average.network.load_state_dict(state["average"])


def train(
    network: nn.Module,
    training: Split,
    test: Split,
    config: TrainingConfig,
    *,
    seed: int,
    checkpoints: Checkpoints,
    checkpoint_interval_seconds: float,
    test_each_epoch: bool = True,
    validation: Split | None = None,
) -> tuple[list[Row], float]:
    """Train `network` in place by gradient descent on cross-entropy, from the newest checkpoint, if any.

    Parameters
    ----------
    seed : seed of the order and the augmentation of the images.
    checkpoint_interval_seconds : least time between two checkpoints; the last epoch always has one.
    test_each_epoch : evaluate after each epoch, not only the selected epoch's weights at the end.
    validation : held-out training images, for early stopping.

    Returns
    -------
    The history, one row per epoch, and the seconds spent, including those before an interruption. Training loss and
    accuracy are averages over the epoch's batches of augmented images; losses are without label smoothing, and no
    value is averaged over views (test-time augmentation), which would take up to six times as long.

    Raises
    ------
    FloatingPointError
        If the training loss is not finite.
    """
    trainer = Trainer(network, training, config, seed)
    seconds_before = 0.0
    if state := checkpoints.latest(config.epochs):
        trainer.load_state_dict(state)
        seconds_before = state["seconds"]
        log.info("Training goes on after %d epochs, from its checkpoint.", state["epoch"])

    start = saved = time.monotonic()
    while not config.is_finished(trainer.history):
        epoch = len(trainer.history)
        train_loss, train_accuracy = trainer.run_epoch()
        if not math.isfinite(train_loss):
            raise FloatingPointError(
                f"the training loss is {train_loss} in epoch {epoch}; a lower learning_rate than "
                f"{config.learning_rate} may help"
            )
        row = {
            "epoch": epoch,
            "train_loss": train_loss,
            "test_loss": None,
            "train_accuracy": train_accuracy,
            "test_accuracy": None,
        }
        if test_each_epoch:
            row |= evaluate(trainer.evaluated, test, config, "test")
        if validation:
            row |= evaluate(trainer.evaluated, validation, config, "validation")
        trainer.end_epoch(row)
        _log_epoch(row, config.epochs)
        now = time.monotonic()
        if now - saved >= checkpoint_interval_seconds or config.is_finished(trainer.history):
            saved = now
            seconds = seconds_before + now - start
            checkpoints.save(config.epochs, trainer.state_dict() | {"seconds": seconds})
    if trainer.best_weights or trainer.average:
        network.load_state_dict(trainer.best_weights or trainer.evaluated.state_dict())
    if not test_each_epoch:
        selected = trainer.history[config.selected_epoch(trainer.history)]
        selected |= evaluate(network, test, config, "test")
    return trainer.history, seconds_before + time.monotonic() - start


def _log_epoch(row: Row, epochs: int) -> None:
    names = ("test_accuracy", "train_accuracy", "test_loss", "train_loss")
    texts = [
        f"{name.replace('train', 'training').replace('_', ' ')} {row[name]:.4f}"
        for name in names
        if row[name] is not None
    ]
    log.info("epoch %d of %d, %s; %s", row["epoch"] + 1, epochs, texts[0], ", ".join(texts[1:]))


@torch.inference_mode()
def predict_logits(
    network: nn.Module, images: torch.Tensor, tta: str = "none", precision: str | None = None
) -> torch.Tensor:
    """Return logits (N, n_classes) of images (N, channels, height, width) uint8, in evaluation mode.

    tta: test-time augmentation; logits are means over its views.
    """
    network.eval()
    context = ForwardContext.for_network(network, images.device, precision)
    predict = partial(context.logits, network)
    return torch.cat([average_views(predict, batch, tta) for batch in images.split(EVALUATION_BATCH)])


def evaluate(network: nn.Module, split: Split, config: TrainingConfig, name: str) -> Row:
    """Return loss and accuracy on `test` or `validation` images as columns of the history.

    On validation images also the score by the stopping metric, if there is one.
    """
    assert isinstance(split.images, torch.Tensor)  # Only training images are streamed.
    logits = predict_logits(network, split.images, precision=config.precision)
    accuracy = (logits.argmax(1) == split.labels).double().mean().item()
    row = {f"{name}_loss": cross_entropy(logits, split.labels).item(), f"{name}_accuracy": accuracy}
    if config.stopping_metric and name == "validation":
        proba, truth = logits.softmax(1).cpu().numpy(), split.labels.cpu().numpy()
        row["validation_score"] = score(config.stopping_metric, truth, proba.argmax(axis=1), proba)
    return row
