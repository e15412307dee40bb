"""Build a network from its hyperparameters; save and load its weights."""

import inspect
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.io.atomic import atomic_write
from cifarbench.messages import suggest
from cifarbench.models.networks import training_config
from cifarbench.models.networks.convnet import ConvNet
from cifarbench.models.networks.mlp import MLP
from cifarbench.planning.model_family import DataShape, ImageShape

DATA_PARAMS = ("image_shape", "n_classes")


def build_model(params: dict[str, Any], image_shape: ImageShape, n_classes: int) -> nn.Module:
    """Build the network of an entry: the module that it names, or else the MLP or ConvNet of its hyperparameters.

    Weights are drawn by torch's generator. The network maps preprocessed images (N, channels, height, width) float32 to
    logits (N, n_classes).
    """
    if "module" in params:
        module = user_code.import_object(params["module"], "module")
        return module(image_shape=tuple(image_shape), n_classes=n_classes, **params["params"])
    architecture = {
        name: value for name, value in params.items() if name not in training_config.TRAINING_PARAMS
    }
    return (ConvNet if "channels" in architecture else MLP)(tuple(image_shape), n_classes, **architecture)


def smoke_test(key: str, params: dict[str, Any], setting: DataShape) -> None:
    """Build a user-defined network and run it on a batch, in training and in evaluation mode.

    Raises UserError unless it is an nn.Module that accepts its parameters and returns logits (N, n_classes) for images
    (N, channels, height, width).
    """
    reference = params["module"]
    module_class = user_code.import_object(reference, f"{key}.module")
    if not (inspect.isclass(module_class) and issubclass(module_class, nn.Module)):
        raise UserError(f"{key}.module is {reference}; it is no nn.Module: name a class that is one.")
    _check_params(key, reference, module_class, params["params"])
    where = f"{key}.module is {reference}"
    shape, n_classes = setting.image_shape, setting.n_classes
    try:
        network = build_model(params, shape, n_classes)
    except Exception as error:
        raise UserError(
            f"{where}; it can't be built with image_shape {shape}, n_classes {n_classes} and params "
            f"{params['params']} ({_told(error)}): mend the module or its params."
        ) from None
    n_images = min(4, params["batch_size"])
    for mode in (True, False):
        try:
            logits = network.train(mode)(torch.zeros(n_images, *shape))
        except Exception as error:
            raise UserError(
                f"{where}; its forward fails on a batch of shape ({n_images}, {', '.join(map(str, shape))}) "
                f"({_told(error)}): mend it."
            ) from None
        gives = tuple(logits.shape) if isinstance(logits, torch.Tensor) else f"a {type(logits).__name__}"
        if gives != (n_images, n_classes):
            raise UserError(
                f"{where}; its forward gives {gives} for a batch of {n_images} images, but must give "
                f"({n_images}, {n_classes}), a logit for each class: mend it."
            )
    if not any(weight.requires_grad for weight in network.parameters()):
        raise UserError(f"{where}; it has no parameters to train: give it some.")


def _check_params(key: str, reference: str, module: type[nn.Module], params: dict[str, Any]) -> None:
    takes = inspect.signature(module).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes.values()):
        return
    for name in DATA_PARAMS:
        if name not in takes:
            raise UserError(
                f"{key}.module is {reference}; its constructor must take {name} by keyword: add it."
            )
    names = [name for name in takes if name not in DATA_PARAMS]
    for name in params:
        if name not in names:
            raise UserError(
                f"{key}.params.{name} is no parameter of {reference}; {suggest(name, names, 'it takes')}"
            )
    missing = [n for n in names if takes[n].default is inspect.Parameter.empty and n not in params]
    if missing:
        raise UserError(f"{key}.params.{missing[0]} is missing; {reference} needs it: add it.")


def save(path: Path, network: nn.Module) -> None:
    """Write the weights, as a state dict in safetensors."""
    # The format supports neither strides nor shared weights, so each tensor is copied.
    weights = {
        name: tensor.cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in network.state_dict().items()
    }
    # Written from memory, because the library does not report why it could not write a file.
    with atomic_write(path) as file:
        file.write(safetensors.torch.save(weights))


def load(path: Path, params: dict[str, Any], image_shape: ImageShape, n_classes: int) -> nn.Module:
    """Load, on the CPU, the network of these hyperparameters whose weights `save` wrote."""
    network = build_model(params, image_shape, n_classes)
    network.load_state_dict(safetensors.torch.load_file(path))
    return network


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
