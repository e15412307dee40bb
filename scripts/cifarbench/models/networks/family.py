"""Parameters and checks of networks: perceptrons, convolutional networks and user-defined modules."""

import math
from collections.abc import Iterator
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.models.networks.early_stopping import HELD_OUT_DIVISOR, n_trained
from cifarbench.models.networks.family_labels import FAMILY_LABELS
from cifarbench.models.networks.training_config import PRECISIONS, SCHEDULES, TTA, TrainingConfig
from cifarbench.planning.model_family import BOOLEAN, COUNT, DataShape, Entry, ModelFamily, Parameter

SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
WIDTH: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 65536}
# Parameters that name a class, or are its arguments.
NAMES_IN_TORCH = {"optimizer", "optimizer_params", "transform"}
# Classes of torch.nn.
ACTIVATIONS = ["ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Mish", "Tanh", "Sigmoid"]
TRAINING_PARAMETERS = {
    "learning_rate": Parameter(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        "learning rate; the highest one, if the schedule is not constant",
        "above 0",
    ),
    "batch_size": Parameter(COUNT, "number of images per step", "1 to the number of training images"),
    "epochs": Parameter(
        {"type": "integer", "minimum": 1, "maximum": 1000000},
        "number of passes over the training images",
        "1 or more",
    ),
    "momentum": Parameter(SHARE, "Nesterov momentum", "0 to below 1", default=0),
    "weight_decay": Parameter(
        {"type": "number", "minimum": 0, "maximum": 1000},
        "L2 penalty: this times each weight is added to its gradient; biases and scales are exempt",
        "0 or more",
        default=0,
    ),
    "schedule": Parameter(
        {
            "type": "string",
            "title": f"one of {', '.join(SCHEDULES)}, or a class of torch.optim.lr_scheduler",
            "pattern": rf"^({'|'.join(SCHEDULES)}|[A-Z]\w*)$",
        },
        "learning rate over the steps: constant; linear or cosine decay to 0; or linearly up for a fifth of the steps, "
        "then down to 0. Classes of torch change it after each epoch; OneCycleLR and CyclicLR after each step",
        f"{', '.join(f'`{name}`' for name in SCHEDULES)}, or a class of torch.optim.lr_scheduler such as `OneCycleLR`",
        default="constant",
    ),
    "label_smoothing": Parameter(
        SHARE, "fraction of each training label that is spread over all classes", "0 to below 1", default=0
    ),
    "flip": Parameter(
        BOOLEAN,
        "mirror each training image in alternate epochs",
        "`true`, `false`; not for datasets with `hflip_safe: false`",
        default=False,
    ),
    "translate": Parameter(
        {"type": "integer", "minimum": 0, "maximum": 4095},
        "largest random shift of a training image in pixels, drawn in each epoch",
        "0 to below half the image's size",
        default=0,
    ),
    "tta_flip": Parameter(
        BOOLEAN,
        "average the predictions of an image and its mirror image; the same as `tta: flip`",
        "`true`, `false`; not for datasets with `hflip_safe: false`",
        default=False,
    ),
    "tta": Parameter(
        {"enum": list(TTA)},
        "views of a test image whose predictions are averaged: the image and its mirror image; with `flip_translate` "
        "also both shifted by one pixel",
        ", ".join(f"`{name}`" for name in TTA) + "; not for datasets with `hflip_safe: false`",
        default=None,
        stored=False,
    ),
    "optimizer": Parameter(
        {
            "type": "string",
            "title": "a class of torch.optim, such as AdamW",
            "pattern": r"^[A-Z]\w*$",
        },
        "optimizer; `Muon` updates matrices and convolutions, and AdamW the rest",
        "a class of torch.optim such as `SGD`, `AdamW` or `Muon`",
        default="SGD",
        stored=False,
    ),
    "optimizer_params": Parameter(
        {"type": "object"},
        "arguments of the optimizer besides `lr` and `weight_decay`",
        "the optimizer's own",
        default=None,
        stored=False,
    ),
    "schedule_params": Parameter(
        {"type": "object"},
        "arguments of a schedule of torch; `total_steps`, `T_max` and `max_lr` are the training's by default",
        "the schedule's own",
        default=None,
        stored=False,
    ),
    "grad_clip": Parameter(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000},
        "largest Euclidean norm of the gradient of all weights; a longer one is scaled down",
        "above 0",
        default=None,
        stored=False,
    ),
    "ema": Parameter(
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "use an exponential moving average of the weights over the steps, with this decay",
        "above 0 to below 1, such as 0.99",
        default=None,
        stored=False,
    ),
    "class_weight": Parameter(
        {"enum": ["balanced"]},
        "weight each training image by the inverse frequency of its class",
        "`balanced`",
        default=None,
        stored=False,
    ),
    "cutout": Parameter(
        {"type": "integer", "minimum": 0, "maximum": 4095},
        "side in pixels of a grey square at a random position in each training image, drawn in each epoch",
        "0 to below the image's size",
        default=0,
        stored=False,
    ),
    "transform": Parameter(
        {
            "type": "string",
            "title": "an import path, such as torchvision.transforms.v2.RandomErasing",
            "pattern": r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        },
        "class of a transform that each training image passes after the other augmentation, one by one, as uint8 of "
        "(channels, height, width); its random numbers must be torch's",
        "an import path such as `torchvision.transforms.v2.RandAugment`",
        default=None,
        stored=False,
    ),
    "transform_params": Parameter(
        {"type": "object"},
        "arguments of the transform",
        "the transform's own",
        default=None,
        stored=False,
    ),
    "precision": Parameter(
        {"enum": list(PRECISIONS)},
        "precision of products in training; without it float32 on the CPU, and bfloat16 for convolutions on a GPU. "
        "`auto`: bfloat16 if the processor has AVX-512 BF16 or AMX, or the GPU has it. Predictions are in float32",
        ", ".join(f"`{name}`" for name in PRECISIONS),
        default=None,
        stored=False,
    ),
    "early_stopping": Parameter(
        {
            "type": "object",
            "required": ["patience"],
            "additionalProperties": False,
            "properties": {"patience": COUNT, "min_delta": {"type": "number", "minimum": 0, "maximum": 1000}},
        },
        "hold out a tenth of the training images, stop when their loss has not fallen by more than `min_delta` (0) for "
        "`patience` epochs, and use the weights with the lowest loss; `epochs` is the maximum",
        "a mapping of `patience`, 1 or more, and `min_delta`, 0 or more",
        default=None,
        stored=False,
    ),
}


def _check_batch_size(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    size, n_train, fit_sizes, label = entry["batch_size"], data.n_train, data.fit_sizes, data.n_train_label
    if entry.get("early_stopping"):
        if n_train < HELD_OUT_DIVISOR:
            yield (
                f"{key}.early_stopping holds out one in {HELD_OUT_DIVISOR} training images, but there are {n_train}: "
                "remove it."
            )
        n_train, fit_sizes = n_trained(n_train), tuple(map(n_trained, fit_sizes))
        label += " that early_stopping leaves"
    if size > n_train:
        yield f"{key}.batch_size is {size}; it must be at most {n_train}, {label}."
    elif entry.get("batch_norm") and (size == 1 or any(n % size == 1 for n in fit_sizes)):
        yield (
            f"{key}.batch_size is {size}; it leaves a batch of one image, which batch norm cannot normalise: "
            "choose a size that does not."
        )


def _check_augmentation(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    for name in ("flip", "tta_flip"):
        if entry[name] and not data.hflip_safe:
            yield (
                f"{key}.{name} is true; a mirrored image of this dataset shows something else (its hflip_safe is "
                "false): make it false."
            )
    if entry["tta_flip"] and "tta" in entry:
        yield f"{key} has tta_flip and tta; remove tta_flip."
    if entry.get("tta", "none") != "none" and not data.hflip_safe:
        yield (
            f"{key}.tta is {entry['tta']}; a mirrored image of this dataset shows something else (its hflip_safe is "
            "false): make it none."
        )
    side = min(data.image_shape[1:])
    if entry.get("cutout", 0) >= side:
        yield f"{key}.cutout is {entry['cutout']}; it must be below {side}, the height and width of images."
    max_shift = (min(data.image_shape[1:]) - 1) // 2
    if entry["translate"] > max_shift:
        yield (
            f"{key}.translate is {entry['translate']}; it must be at most {max_shift}, below half the height and width "
            "of images."
        )


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from _check_batch_size(key, entry, data)
    yield from _check_augmentation(key, entry, data)
    if entry["momentum"] and (entry.get("optimizer", "SGD") != "SGD" or entry.get("optimizer_params")):
        yield f"{key}.momentum is for SGD without optimizer_params; write it into optimizer_params instead."
    if "transform_params" in entry and "transform" not in entry:
        yield f"{key}.transform_params has no transform; add it, or remove the params."
    if entry.get("schedule_params") and entry["schedule"] in SCHEDULES:
        yield (
            f"{key}.schedule_params are for a schedule of torch.optim.lr_scheduler, but schedule is "
            f"{entry['schedule']}: remove them."
        )


def _check_mlp_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from _check_data(key, entry, data)
    if "hidden_dim" in entry and "hidden_dims" in entry:
        yield f"{key} has hidden_dim and hidden_dims; remove one of them."
    elif "hidden_dim" not in entry and "hidden_dims" not in entry:
        yield f"{key}.hidden_dim is missing; add it, or hidden_dims."


def _check_convnet_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from _check_data(key, entry | {"batch_norm": True}, data)
    n_blocks, max_blocks = len(entry["channels"]), int(math.log2(max(min(data.image_shape[1:]) - 1, 1)))
    if n_blocks > max_blocks:
        yield (
            f"{key}.channels has {n_blocks} blocks; give at most {max_blocks}, since each halves the image of "
            f"{' x '.join(map(str, data.image_shape[1:]))} pixels."
        )


def _uses_torch_names(entry: Entry) -> bool:
    return bool(NAMES_IN_TORCH & set(entry)) or entry["schedule"] not in SCHEDULES


def _check_build(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    # Imported here because they import torch.
    from cifarbench.models.networks.augmentation import transform_errors
    from cifarbench.models.networks.factory import smoke_test
    from cifarbench.models.networks.optimizers import training_errors

    if "module" in entry:
        try:
            smoke_test(key, entry, data)
        except UserError as error:
            yield str(error)
    if _uses_torch_names(entry):
        yield from training_errors(key, TrainingConfig.from_params(entry))
    if "transform" in entry:
        yield from transform_errors(key, entry, data.image_shape)


# Attributes that all network families share.
NETWORK: dict[str, Any] = {
    "package": "networks",
    "artifacts": ("network.safetensors", "history.csv"),
    "uses_features": False,
    "has_epochs": True,
    "is_seeded": lambda entry: True,
    "randomness_sources": ("init_seed", "data_seed"),
    "check_build": _check_build,
}

MLP = ModelFamily(
    "mlp",
    parameters={
        "hidden_dim": Parameter(
            WIDTH,
            "width of two hidden layers; or give `hidden_dims`",
            "1 or more",
            default=None,
            stored=False,
        ),
        "hidden_dims": Parameter(
            {"type": "array", "minItems": 1, "items": WIDTH},
            "width of each hidden layer, in place of `hidden_dim`",
            "a list of integers, 1 or more",
            default=None,
            stored=False,
        ),
        "activation": Parameter(
            {"enum": ACTIVATIONS},
            "activation after each hidden layer",
            ", ".join(f"`{name}`" for name in ACTIVATIONS),
            default="ReLU",
            stored=False,
        ),
        "batch_norm": Parameter(BOOLEAN, "batch normalisation after each hidden layer", "`true`, `false`"),
        "dropout": Parameter(SHARE, "fraction of hidden activations dropped in training", "0 to below 1"),
        **TRAINING_PARAMETERS,
    },
    family_labels=(FAMILY_LABELS["mlp"],),
    filters="models.networks.filters",
    check_data=_check_mlp_data,
    needs_build=_uses_torch_names,
    **NETWORK,
)

CONVNET = ModelFamily(
    "convnet",
    parameters={
        "channels": Parameter(
            {"type": "array", "minItems": 1, "items": WIDTH},
            "channels of each block; each block halves the image",
            "a list of integers, 1 or more",
        ),
        **TRAINING_PARAMETERS,
    },
    family_labels=(FAMILY_LABELS["convnet"],),
    filters="models.networks.filters",
    check_data=_check_convnet_data,
    needs_build=_uses_torch_names,
    **NETWORK,
)

USER_MODULE = ModelFamily(
    "network",
    parameters={
        "module": Parameter(
            user_code.SCHEMA, "class of an `nn.Module` that returns logits (N, n_classes)", user_code.FORM
        ),
        "params": Parameter(
            {"type": "object"},
            "arguments of its constructor besides `image_shape` and `n_classes`",
            "the module's own",
            default={},
        ),
        **TRAINING_PARAMETERS,
    },
    family_labels=(FAMILY_LABELS["network"],),
    takes_params=True,
    source_file=lambda entry: user_code.source_file(entry["module"]),
    check_data=_check_data,
    **NETWORK,
)

FAMILIES: dict[str, ModelFamily] = {family.name: family for family in (MLP, CONVNET, USER_MODULE)}
