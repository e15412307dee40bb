"""The network of the features `pretrained`: pixels in, the inputs of its last layer out."""

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from cifarbench.data.provenance import expand_home
from cifarbench.errors import UserError
from cifarbench.planning.model_family import Entry, ImageShape

# Names of networks elsewhere, and in timm.
ALIASES = {
    f"dinov2_vit{size}14": f"timm.vit_{name}_patch14_dinov2.lvd142m"
    for size, name in {"s": "small", "b": "base", "l": "large", "g": "giant"}.items()
}
# The transform of weights that have none of their own: mean and standard deviation are those of ImageNet's training
# images in each channel, of values in [0, 1].
TRANSFORM: dict[str, Any] = {
    "image_size": 96,
    "interpolation": "bilinear",
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
}
REMEDY = "save the weights alone, by torch.save(network.state_dict(), file) or as .safetensors."


class PretrainedEncoder(nn.Module):
    """Compute the features `pretrained`.

    params: of the entry, and `transform` if the weights have their own.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, params: Entry, image_shape: ImageShape):
        super().__init__()
        chosen = {"image_size": params["image_size"]} if params.get("image_size") else {}
        transform = TRANSFORM | params.get("transform", {}) | chosen
        self.network = load_network(params["backbone"], params["weights"], transform["image_size"])
        # Networks of timm have the normalization of their training images.
        config = getattr(self.network, "pretrained_cfg", {})
        transform |= {name: config[name] for name in ("mean", "std") if name in config}
        self.image_shape, self.image_size = image_shape, (transform["image_size"],) * 2
        self.interpolation = transform["interpolation"]
        mean, deviation = (torch.tensor(transform[name])[:, None, None] for name in ("mean", "std"))
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("shift", -mean / deviation)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the inputs of the last layer for pixels (N, C*H*W) uint8: (N, inputs) float32."""
        images = pixels.float().reshape(-1, *self.image_shape)
        if self.image_size != self.image_shape[1:]:
            images = functional.interpolate(images, self.image_size, mode=self.interpolation, antialias=True)
        # Gray images get three equal channels.
        return self.network(torch.addcmul(self.shift, images, self.scale)).flatten(1)


def resolve_backbone(backbone: str) -> tuple[str, str, str]:
    """Return the package of a backbone, `torchvision` or `timm`, its architecture, and its weights' name or "".

    backbone: `resnet18`, which is torchvision's if there is one, `timm.resnet18` or `timm.resnet18.a1_in1k`. Raises
    UserError if there is no such network.
    """
    full_name = ALIASES.get(backbone, backbone)
    library, _, name = full_name.partition(".")
    libraries = [library] if library in ("torchvision", "timm") else ["torchvision", "timm"]
    architecture, _, tag = (name if libraries == [library] else full_name).partition(".")
    owners: dict[str, str] = {}
    for library in libraries:
        names = _list_models(library)
        if architecture in names:
            return library, architecture, tag
        owners = dict.fromkeys(names, library) | owners
    close = get_close_matches(architecture, owners, n=1)
    hint = (
        f"did you mean {owners[close[0]]}.{close[0]}?"
        if close
        else f"name one, such as {libraries[0]}.resnet18."
    )
    raise UserError(
        f"backbone is {backbone}; {' and '.join(libraries)} {'have' if libraries[1:] else 'has'} no such network for "
        f"classification: {hint}"
    )


def _list_models(library: str) -> list[str]:
    if library == "timm":
        import timm

        return timm.list_models()
    from torchvision import models

    # Networks of the module itself are for classification.
    return models.list_models(module=models)


@lru_cache(maxsize=1)
def load_network(backbone: str, weights: str | None, image_size: int) -> nn.Module:
    """Load the network without its last linear layer, in evaluation mode, on the CPU.

    weights: a file; None for random weights. Raises UserError, which begins with the parameter's name, if either is
    missing or they do not match.
    """
    library, architecture, tag = resolve_backbone(backbone)
    name = f"{architecture}.{tag}" if library == "timm" and tag else architecture
    network = _build(library, name)
    last = _last_layer(network, library, backbone)
    if weights:
        given, head = _read(str(expand_home(weights))), f"{last}.weight"
        needed = network.state_dict()
        if head in given and head in needed and len(given[head]) != len(needed[head]):
            network = _build(library, name, num_classes=len(given[head]))
        if mismatch := _load_weights(network, given):
            raise UserError(f"weights is {weights}; {mismatch}: name a file of weights of {backbone}.")
    if library == "timm":
        network.reset_classifier(0)
    else:
        network.set_submodule(last, nn.Identity())
    if hasattr(network, "set_input_size"):
        # Position embeddings are interpolated.
        network.set_input_size(image_size)
    # Convolutions on a CPU would reorder the images otherwise.
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _load_weights(network: nn.Module, given: dict[str, torch.Tensor]) -> str:
    """Load weights into a network; return why they do not fit, or ""."""
    needed = network.state_dict()
    for name in given.keys() & needed.keys():
        if given[name].shape != needed[name].shape:
            return f"{name} has the shape {tuple(given[name].shape)}, not {tuple(needed[name].shape)}"
    missing, unexpected = network.load_state_dict(given, strict=False)
    if missing:
        return f"it has no {missing[0]}"
    return f"it has {unexpected[0]}, too" if unexpected else ""


def _build(library: str, name: str, **options: Any) -> Any:
    """Build a network with random weights, with its default number of classes, or with `num_classes`."""
    if library == "timm":
        import timm

        return timm.create_model(name, pretrained=False, **options)
    from torchvision import models

    network = models.get_model(name, weights=None, **options)
    if hasattr(network, "transform_input"):
        # As torchvision builds it for its weights.
        network.transform_input = True
    return network


def _last_layer(network: Any, library: str, backbone: str) -> str | None:
    """Return the name of a network's last linear layer; None if a network of timm has none."""
    if library == "timm":
        last = network.pretrained_cfg.get("classifier")
        return last[0] if isinstance(last, tuple) else last
    linear = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise UserError(f"backbone is {backbone}; its last layer is not linear: choose another.")
    return linear[-1]


def _read(weights: str) -> dict[str, torch.Tensor]:
    """Read the state dict of a file without running code that it holds."""
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
