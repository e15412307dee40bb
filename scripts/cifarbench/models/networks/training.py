"""Train a network: one loop, one screen."""

import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cifarbench.models.networks.augmentation import Augmentation
from cifarbench.models.networks.checkpoints import Checkpoints
from cifarbench.models.networks.preprocessing import ForwardContext
from cifarbench.models.networks.sgd import SGD
from cifarbench.models.networks.streaming import StreamingImages
from cifarbench.models.networks.training_config import TrainingConfig

log = logging.getLogger(__name__)

# Images that are predicted at once: what the layers make of them stays in bounded memory.
EVALUATION_BATCH = 250
# Loss and accuracy of test images that were not asked.
NOT_EVALUATED = None, None
# An epoch of a history.
Row = dict[str, float | None]


@dataclass(frozen=True)
class Split:
    """Images (N, channels, height, width) uint8 and labels (N,) int64, on the device that computes.

    Images that don't fit into memory are a Stream.
    """

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
        """Read images (N, D) and labels (N,), or some rows of them, from .npy files; images as they are needed."""
        if streamed:
            classes = np.load(labels) if rows is None else np.load(labels)[rows]
            return cls(
                StreamingImages(images, image_shape, device, rows), torch.from_numpy(classes).to(device)
            )
        pixels, classes = np.load(images, mmap_mode="r" if rows is not None else None), np.load(labels)
        if rows is not None:
            pixels, classes = pixels[rows], classes[rows]
        pixels = pixels.reshape(len(pixels), *image_shape)
        return cls(torch.from_numpy(pixels).to(device), torch.from_numpy(classes).to(device))

    def head(self, count: int) -> torch.Tensor:
        """Return the first images, (count, channels, height, width) uint8."""
        return self.images.head(count) if isinstance(self.images, StreamingImages) else self.images[:count]

    def shuffle(self, generator: torch.Generator, batch_size: int) -> torch.Tensor:
        """Return the order of the images in the next epoch, (N,) int64."""
        if isinstance(self.images, StreamingImages):
            return self.images.shuffle(generator, batch_size)
        return torch.randperm(len(self.labels), generator=generator)


def train(
    network: nn.Module,
    training: Split,
    test: Split,
    recipe: TrainingConfig,
    *,
    seed: int,
    checkpoints: Checkpoints,
    checkpoint_interval_seconds: float,
    test_each_epoch: bool = True,
) -> tuple[list[Row], float]:
    """Train `network` in place by gradient descent on cross-entropy, as the recipe says.

    Returns the history, one row an epoch with `epoch` (from 0), `train_loss`, `test_loss`, `train_accuracy`,
    `test_accuracy`, and the seconds spent, those before an interruption included. Training figures are averages
    over the epoch's batches as they were trained, changed images included, and losses are without label smoothing.
    test_each_epoch: whether test images are asked after each epoch; otherwise after the last, and None stands for the
    others.
    Goes on from the newest checkpoint, if there is one, and keeps a new one whenever `checkpoint_interval_seconds` have
    passed. The caller seeds torch before it builds the network; `seed` drives the order of the images and how they are
    changed. Raises FloatingPointError when the loss is no number any more.
    """
    device = training.labels.device
    form = ForwardContext.for_network(network, device)
    smoothed_loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = SGD(trained, recipe.momentum, recipe.weight_decay)
    augmentation = Augmentation(training.images, recipe.flip, recipe.translate, seed)
    # Orders are drawn on the CPU, so that they are the same whatever computes.
    shuffler = torch.Generator().manual_seed(seed)
    steps_per_epoch = math.ceil(len(training.labels) / recipe.batch_size)
    steps = recipe.epochs * steps_per_epoch
    history: list[Row] = []
    seconds_before = 0.0

    state = checkpoints.latest(recipe.epochs)
    if state:
        network.load_state_dict(state["network"])
        optimizer.momentum_buffers = [
            None if buffer is None else buffer.to(device) for buffer in state["momentum_buffers"]
        ]
        shuffler.set_state(state["shuffler"])
        _restore_random_state(state["random"], device)
        history, seconds_before = state["history"], state["seconds"]
        log.info("Training goes on after %d epochs, from its checkpoint.", state["epoch"])

    start = saved = time.monotonic()
    for epoch in range(len(history), recipe.epochs):
        network.train()
        loss_sum = torch.zeros((), device=device)
        correct = torch.zeros((), dtype=torch.int64, device=device)
        order = training.shuffle(shuffler, recipe.batch_size).to(device)
        augmentation.start_epoch(epoch, shuffler)
        for step, batch in enumerate(order.split(recipe.batch_size), epoch * steps_per_epoch):
            labels = training.labels.index_select(0, batch)
            logits = form.logits(network, augmentation.batch(batch))
            loss = smoothed_loss_of(logits, labels)
            # A network of one's own may have weights that its output does not depend on.
            gradients = torch.autograd.grad(loss, optimizer.parameters, materialize_grads=True)
            optimizer.step(list(gradients), recipe.learning_rate_at(step, steps))
            if recipe.label_smoothing:
                loss = cross_entropy(logits.detach(), labels)
            loss_sum += loss.detach() * len(batch)
            correct += (logits.detach().argmax(1) == labels).sum()

        # The only place in an epoch that waits for the device.
        tested = _tested(network, test, recipe) if test_each_epoch else NOT_EVALUATED
        row = {
            "epoch": epoch,
            "train_loss": loss_sum.item() / len(order),
            "test_loss": tested[0],
            "train_accuracy": correct.item() / len(order),
            "test_accuracy": tested[1],
        }
        if not math.isfinite(row["train_loss"]):
            raise FloatingPointError(
                f"the training loss is {row['train_loss']} in epoch {epoch}; a lower learning_rate than "
                f"{recipe.learning_rate} may help"
            )
        history.append(row)
        figures = {"test accuracy": row["test_accuracy"], "training accuracy": row["train_accuracy"]}
        figures |= {"test loss": row["test_loss"], "training loss": row["train_loss"]}
        texts = [f"{name} {value:.4f}" for name, value in figures.items() if value is not None]
        log.info("epoch %d of %d, %s; %s", epoch + 1, recipe.epochs, texts[0], ", ".join(texts[1:]))
        now = time.monotonic()
        if now - saved >= checkpoint_interval_seconds or epoch == recipe.epochs - 1:
            saved = now
            checkpoints.save(
                recipe.epochs,
                {
                    "epoch": epoch + 1,
                    "network": network.state_dict(),
                    "momentum_buffers": optimizer.momentum_buffers,
                    "shuffler": shuffler.get_state(),
                    "random": _random_state(device),
                    "history": history,
                    "seconds": seconds_before + now - start,
                },
            )
    if not test_each_epoch:
        history[-1]["test_loss"], history[-1]["test_accuracy"] = _tested(network, test, recipe)
    return history, seconds_before + time.monotonic() - start


@torch.inference_mode()
def predict_logits(network: nn.Module, images: torch.Tensor, tta_flip: bool = False) -> torch.Tensor:
    """Return logits (N, n_classes) of images (N, channels, height, width) uint8, in evaluation mode.

    Dropout is off, and batch norm uses its running averages. tta_flip: the mean of each image's logits and those of
    its mirror image.
    """
    network.eval()
    form = ForwardContext.for_network(network, images.device)
    batch_logits = []
    for batch in images.split(EVALUATION_BATCH):
        logits = form.logits(network, batch)
        if tta_flip:
            logits = (logits + form.logits(network, batch.flip(3))) / 2
        batch_logits.append(logits)
    return torch.cat(batch_logits)


def _tested(network: nn.Module, test: Split, recipe: TrainingConfig) -> tuple[float, float]:
    logits = predict_logits(network, test.images, recipe.tta_flip)
    right = logits.argmax(1) == test.labels
    return cross_entropy(logits, test.labels).item(), right.double().mean().item()


def _random_state(device: torch.device) -> dict[str, Any]:
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
