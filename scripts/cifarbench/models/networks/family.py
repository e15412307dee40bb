"""Parameters and checks of networks: perceptrons, convolutional networks and user-defined modules."""

import math
from collections.abc import Iterator
from typing import Any

from cifarbench.errors import UserError
from cifarbench.io import user_code
from cifarbench.models.networks.early_stopping import HELD_OUT_DIVISOR, n_trained
from cifarbench.models.networks.family_labels import FAMILY_LABELS
from cifarbench.models.networks.training_config import SCHEDULES, TrainingConfig
from cifarbench.planning.model_family import DataShape, Entry, ModelFamily, read_parameters

# Parameters that name a class, or are its arguments.
NAMES_IN_TORCH = {"optimizer", "optimizer_params", "transform"}


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
    yield from data.mirror_errors(key, entry, "flip")
    yield from data.mirror_errors(key, entry, "tta_flip")
    if entry["tta_flip"] and "tta" in entry:
        yield f"{key} has tta_flip and tta; remove tta_flip."
    yield from data.mirror_errors(key, entry, "tta", off="none")
    side = min(data.image_shape[1:])
    if entry.get("cutout", 0) >= side:
        yield f"{key}.cutout is {entry['cutout']}; it must be below {side}, the height and width of images."
    max_shift = (side - 1) // 2
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
    if entry.get("whitening", 0) > math.prod(data.image_shape):
        yield (
            f"{key}.whitening is {entry['whitening']}; it must be at most {math.prod(data.image_shape)}, the number of "
            "values of an image."
        )


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


def _network(name: str, **more: Any) -> ModelFamily:
    return ModelFamily(
        name,
        package="networks",
        parameters=read_parameters(name, "training"),
        family_labels=(FAMILY_LABELS[name],),
        artifacts=("network.safetensors", "history.csv"),
        uses_features=False,
        has_epochs=True,
        is_seeded=lambda entry: True,
        randomness_sources=("init_seed", "data_seed"),
        check_build=_check_build,
        **more,
    )


BUILT_IN: dict[str, Any] = {"filters": "models.networks.filters", "needs_build": _uses_torch_names}
FAMILIES = (
    _network("mlp", check_data=_check_mlp_data, **BUILT_IN),
    _network("convnet", check_data=_check_convnet_data, **BUILT_IN),
    _network(
        "network",
        takes_params=True,
        source_file=lambda entry: user_code.source_file(entry["module"]),
        check_data=_check_data,
    ),
)
