"""Features of a pretrained network: the inputs of its last layer."""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.features.fit_inputs import State, to_nchw
from cifarbench.features.mirror import mirror_errors
from cifarbench.messages import format_error
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters

if TYPE_CHECKING:
    import torch
    from torch import nn

BATCH_SIZE = 64
# Mean and standard deviation of ImageNet's training images in each channel, of values in [0, 1].
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
REMEDY = "save the weights alone, by torch.save(network.state_dict(), file) or as .safetensors."


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from mirror_errors(key, entry, data)
    if data.image_shape[0] not in (1, 3):
        yield (
            f"{key}.type is pretrained; images have {data.image_shape[0]} channels, but such networks take 1 or 3: "
            "choose another type."
        )


def _check_build(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    black = np.zeros((1, prod(data.image_shape)), np.uint8)
    try:
        transform(black, {}, entry, data.image_shape)
    except UserError as error:
        yield f"{key}.{error}"
    except Exception as error:
        # Any exception of the network: some take images of one size only.
        yield (
            f"{key}.image_size is {entry['image_size']}; {entry['architecture']} fails on such images "
            f"({format_error(error).rstrip('.')}): choose the size that it was trained on."
        )


FEATURE_TYPE = FeatureType(
    "pretrained",
    read_parameters("pretrained", "mirrored"),
    is_fitted=False,
    from_pixels=True,
    pretrained=True,
    source_file=lambda entry: str(expand_home(entry["weights"])),
    check_data=_check_data,
    check_build=_check_build,
)


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Return the inputs of the network's last layer: (n, inputs) float32. It runs on a GPU if there is one."""
    import torch
    from torch.nn.functional import interpolate

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = load(params["architecture"], params["weights"]).to(device)
    mean, deviation = (values.to(device) for values in normalization(network))
    outputs = []
    with torch.inference_mode():
        for images in torch.tensor(to_nchw(block, image_shape)).split(BATCH_SIZE):
            images = images.to(device).expand(-1, 3, -1, -1) / 255
            images = interpolate(images, (params["image_size"],) * 2, mode="bilinear", antialias=True)
            outputs.append(network((images - mean) / deviation).flatten(1).float().cpu().numpy())
    return np.concatenate(outputs)


def normalization(network: "nn.Module") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Return mean and deviation of each channel, (3, 1, 1), of values in [0, 1], as the network was trained."""
    import torch

    # Networks of timm have the normalization of their training images.
    config = {"mean": MEAN, "std": STD} | getattr(network, "pretrained_cfg", {})
    return torch.tensor(config["mean"])[:, None, None], torch.tensor(config["std"])[:, None, None]


@lru_cache(maxsize=1)
def load(architecture: str, weights: str) -> "nn.Module":
    """Load the network without its last linear layer, with weights from a file, in evaluation mode, on the CPU.

    Raises UserError, which begins with the parameter's name, if either is missing or they do not match.
    """
    from torch import nn

    given = _read(str(expand_home(weights)))
    network = _build(architecture)
    last = _last_layer(network, architecture)
    needed, head = network.state_dict(), f"{last}.weight"
    if head in given and head in needed and len(given[head]) != len(needed[head]):
        network = _build(architecture, num_classes=len(given[head]))
        needed = network.state_dict()
    misshaped = [name for name in given if name in needed and given[name].shape != needed[name].shape]
    if misshaped:
        name = misshaped[0]
        mismatch = f"{name} has the shape {tuple(given[name].shape)}, not {tuple(needed[name].shape)}"
    else:
        missing, unexpected = network.load_state_dict(given, strict=False)
        mismatch = (
            f"it has no {missing[0]}" if missing else f"it has {unexpected[0]}, too" if unexpected else ""
        )
    if mismatch:
        raise UserError(f"weights is {weights}; {mismatch}: name a file of weights of {architecture}.")
    if architecture.startswith("timm."):
        network.reset_classifier(0)
    else:
        network.set_submodule(last, nn.Identity())
    return network.eval().requires_grad_(False)


def _build(architecture: str, **options: Any) -> Any:
    """Build a network with random weights, with its default number of classes, or with `num_classes`."""
    library, _, name = architecture.partition(".")
    if library == "timm":
        import timm

        if not timm.is_model(name):
            raise _no_such(architecture, timm.list_models())
        return timm.create_model(name, pretrained=False, **options)
    from torchvision import models

    # Networks of the module itself are for classification.
    known = models.list_models(module=models)
    if name not in known:
        raise _no_such(architecture, known)
    return models.get_model(name, weights=None, **options)


def _last_layer(network: Any, architecture: str) -> str | None:
    """Return the name of a network's last linear layer; None if a network of timm has none."""
    from torch import nn

    if architecture.startswith("timm."):
        last = network.pretrained_cfg.get("classifier")
        return last[0] if isinstance(last, tuple) else last
    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise UserError(f"architecture is {architecture}; its last layer is not linear: choose another.")
    return linear[-1]


def _no_such(architecture: str, known: list[str]) -> UserError:
    library, _, name = architecture.partition(".")
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {library}.{close[0]}?" if close else f"name one, such as {library}.resnet18."
    return UserError(
        f"architecture is {architecture}; {library} has no such network for classification: {hint}"
    )


def _read(weights: str) -> dict[str, "torch.Tensor"]:
    """Read the state dict of a file without running code that it holds."""
    import torch

    if not Path(weights).is_file():
        raise UserError(
            f"weights is {weights}; there is no such file: name one that is there, from {Path.cwd()}."
        )
    try:
        if weights.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(weights)
        values = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:
        # Each format has its own errors, and those of torch recommend unsafe loading.
        raise UserError(
            f"weights is {weights}; it can't be read ({type(error).__name__}): {REMEDY}"
        ) from None
    if not (isinstance(values, dict) and all(isinstance(value, torch.Tensor) for value in values.values())):
        raise UserError(f"weights is {weights}; it is not a state dict of names and tensors: {REMEDY}")
    return values
