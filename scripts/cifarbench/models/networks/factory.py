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
from cifarbench.messages import format_error, suggest
from cifarbench.models.networks import training_config
from cifarbench.models.networks.convnet import ConvNet
from cifarbench.models.networks.mlp import MLP
from cifarbench.planning.model_family import DataShape, ImageShape

DATA_PARAMS = ("image_shape", "n_classes")


def build_model(params: dict[str, Any], image_shape: ImageShape, n_classes: int) -> nn.Module:
    """Build a user-defined module, or the MLP or ConvNet of the hyperparameters, with weights by torch's generator.

    The network maps preprocessed images (N, channels, height, width) float32 to logits (N, n_classes).
    """
    if "module" in params:
        module = user_code.import_object(params["module"], "module")
        return module(image_shape=tuple(image_shape), n_classes=n_classes, **params["params"])
    architecture = {
        name: value for name, value in params.items() if name not in training_config.TRAINING_PARAMS
    }
    return (ConvNet if "channels" in architecture else MLP)((*image_shape,), n_classes, **architecture)


def smoke_test(key: str, params: dict[str, Any], data: DataShape) -> None:
    """Build a user-defined network and run it on a batch, in training and in evaluation mode.

    Raises UserError unless it is an nn.Module that accepts its parameters and returns logits (N, n_classes) for images
    (N, channels, height, width).
    """
    reference = params["module"]
    module_class = user_code.import_object(reference, f"{key}.module")
    if not (inspect.isclass(module_class) and issubclass(module_class, nn.Module)):
        raise UserError(f"{key}.module is {reference}; it is not an nn.Module: name a class that is one.")
    _check_params(key, reference, module_class, params["params"])
    prefix = f"{key}.module is {reference}"
    shape, n_classes = data.image_shape, data.n_classes
    try:
        network = build_model(params, shape, n_classes)
    except Exception as error:
        raise UserError(
            f"{prefix}; it can't be built with image_shape {shape}, n_classes {n_classes} and params "
            f"{params['params']} ({format_error(error)}): correct the module or its params."
        ) from None
    n_images = min(4, params["batch_size"])
    for mode in (True, False):
        try:
            logits = network.train(mode)(torch.zeros(n_images, *shape))
        except Exception as error:
            raise UserError(
                f"{prefix}; its forward fails on a batch of shape ({n_images}, {', '.join(map(str, shape))}) "
                f"({format_error(error)}): correct it."
            ) from None
        returned = tuple(logits.shape) if isinstance(logits, torch.Tensor) else f"a {type(logits).__name__}"
        if returned != (n_images, n_classes):
            raise UserError(
                f"{prefix}; its forward returns {returned} for a batch of {n_images} images, but must return "
                f"({n_images}, {n_classes}), a logit for each class: correct it."
            )
    if not any(weight.requires_grad for weight in network.parameters()):
        raise UserError(f"{prefix}; it has no parameters to train: add a layer that has.")


def _check_params(key: str, reference: str, module: type[nn.Module], params: dict[str, Any]) -> None:
    parameters = inspect.signature(module).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in DATA_PARAMS:
        if name not in parameters:
            raise UserError(
                f"{key}.module is {reference}; its constructor must take {name} by keyword: add it."
            )
    names = [name for name in parameters if name not in DATA_PARAMS]
    for name in params:
        if name not in names:
            known = suggest(name, names, "its parameters are")
            raise UserError(f"{key}.params.{name} is not a parameter of {reference}; {known}")
    for name in names:
        if parameters[name].default is inspect.Parameter.empty and name not in params:
            raise UserError(f"{key}.params.{name} is missing; {reference} needs it: add it.")


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
    """Build the network of these hyperparameters, on the CPU, with the weights that `save` wrote."""
    network = build_model(params, image_shape, n_classes)
    network.load_state_dict(safetensors.torch.load_file(path))
    return network
