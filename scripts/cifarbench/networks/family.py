"""Networks, as the configuration and the report know them: perceptrons, convolutional ones, those of one's own."""

import math
from collections.abc import Iterator
from typing import Any

from cifarbench.networks.kinds import KINDS
from cifarbench.networks.recipe import SCHEDULES
from cifarbench.study import own_code
from cifarbench.study.errors import UserError
from cifarbench.study.family import BOOLEAN, COUNT, Entry, Family, Parameter, Setting

SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
TRAINING = {
    "learning_rate": Parameter(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        "of stochastic gradient descent; the highest one, if it changes",
        "above 0",
    ),
    "batch_size": Parameter(COUNT, "images in a step", "1 to the number of training images"),
    "epochs": Parameter(
        {"type": "integer", "minimum": 1, "maximum": 1000000}, "passes over the training images", "1 or more"
    ),
    "momentum": Parameter(
        SHARE,
        "share of the last step that the next one keeps (Nesterov's momentum)",
        "0 to below 1",
        required=False,
        default=0,
    ),
    "weight_decay": Parameter(
        {"type": "number", "minimum": 0, "maximum": 1000},
        "times each weight, added to its gradient; not for biases and scales",
        "0 or more",
        required=False,
        default=0,
    ),
    "schedule": Parameter(
        {"enum": list(SCHEDULES)},
        "how the learning rate goes from step to step: as it is, to 0 in a line or half a cosine, or up for a fifth of "
        "the steps and then down to 0",
        ", ".join(f"`{name}`" for name in SCHEDULES),
        required=False,
        default="constant",
    ),
    "label_smoothing": Parameter(
        SHARE,
        "share of each label that is spread over all classes while training",
        "0 to below 1",
        required=False,
        default=0,
    ),
    "flips": Parameter(
        BOOLEAN,
        "each training image is mirrored in every other epoch",
        "`true`, `false`; not where a mirrored image shows something else",
        required=False,
        default=False,
    ),
    "shifts": Parameter(
        {"type": "integer", "minimum": 0, "maximum": 4095},
        "pixels by which each training image is shifted at most, anew in each epoch",
        "0 to below half the image's size",
        required=False,
        default=0,
    ),
    "test_flips": Parameter(
        BOOLEAN,
        "answers are the mean of those for an image and for its mirror image",
        "`true`, `false`; not where a mirrored image shows something else",
        required=False,
        default=False,
    ),
}
# What networks share, whatever they are made of.
NETWORK: dict[str, Any] = {
    "room": "networks",
    "leaves": ("network.safetensors", "history.csv"),
    "uses_features": False,
    "has_epochs": True,
    "seeded": lambda entry: True,
    "chances": ("weights", "order"),
}


def _impossible(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    size, n_train = entry["batch_size"], setting.n_train
    if size > n_train:
        yield f"{key}.batch_size is {size}; it must be at most {n_train}, {setting.n_train_is}."
    elif entry.get("batch_norm") and (size == 1 or n_train % size == 1):
        yield (
            f"{key}.batch_size is {size}; it leaves a batch of one image, which batch norm cannot normalise: "
            "choose a size that does not."
        )
    for name in ("flips", "test_flips"):
        if entry[name] and not setting.flippable:
            yield (
                f"{key}.{name} is true; a mirrored image of this dataset shows something else (its flippable is "
                "false): make it false."
            )
    most = (min(setting.image_shape[1:]) - 1) // 2
    if entry["shifts"] > most:
        yield (
            f"{key}.shifts is {entry['shifts']}; it must be at most {most}, below half the height and width of images."
        )


def _too_deep(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    yield from _impossible(key, entry | {"batch_norm": True}, setting)
    most = int(math.log2(max(min(setting.image_shape[1:]) - 1, 1)))
    if len(entry["widths"]) > most:
        yield (
            f"{key}.widths has {len(entry['widths'])} blocks; give at most {most}, since each halves the image of "
            f"{' x '.join(map(str, setting.image_shape[1:]))} pixels."
        )


def _check(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    # Building one imports torch.
    from cifarbench.networks.building import try_out

    try:
        try_out(key, entry, setting)
    except UserError as error:
        yield str(error)


PERCEPTRON = Family(
    "mlp",
    parameters={
        "hidden_dim": Parameter(
            {"type": "integer", "minimum": 1, "maximum": 65536}, "width of the two hidden layers", "1 or more"
        ),
        "batch_norm": Parameter(BOOLEAN, "normalise each hidden layer over the batch", "`true`, `false`"),
        "dropout": Parameter(
            SHARE,
            "share of hidden activations dropped while training",
            "0 to below 1",
        ),
        **TRAINING,
    },
    kinds=(KINDS["mlp"],),
    filters="networks.filters",
    impossible=_impossible,
    **NETWORK,
)

CONVOLUTIONAL = Family(
    "convnet",
    parameters={
        "widths": Parameter(
            {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 65536}},
            "channels of each block, one for each time that the image is halved",
            "a list of 1 or more",
        ),
        **TRAINING,
    },
    kinds=(KINDS["convnet"],),
    filters="networks.filters",
    impossible=_too_deep,
    **NETWORK,
)

OWN = Family(
    "network",
    parameters={
        "module": Parameter(own_code.SCHEMA, "an `nn.Module` that gives (N, classes) logits", own_code.FORM),
        "params": Parameter(
            {"type": "object"},
            "what its constructor takes beside `image_shape` and `n_classes`",
            "the module's own",
            required=False,
            default={},
        ),
        **TRAINING,
    },
    kinds=(KINDS["network"],),
    takes_params=True,
    own_code=lambda entry: own_code.own_file(entry["module"]),
    impossible=_impossible,
    check=_check,
    **NETWORK,
)

FAMILIES: dict[str, Family] = {family.name: family for family in (PERCEPTRON, CONVOLUTIONAL, OWN)}
