"""Networks, as the configuration and the report know them: the perceptron, and those of one's own."""

from collections.abc import Iterator
from typing import Any

from cifarbench.study import own_code
from cifarbench.study.errors import UserError
from cifarbench.study.family import BOOLEAN, COUNT, Entry, Family, Parameter, Setting

TRAINING = {
    "learning_rate": Parameter(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        "of plain stochastic gradient descent",
        "above 0",
    ),
    "batch_size": Parameter(COUNT, "images in a step", "1 to the number of training images"),
    "epochs": Parameter(
        {"type": "integer", "minimum": 1, "maximum": 1000000}, "passes over the training images", "1 or more"
    ),
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


def _check(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    # Building one imports torch.
    from cifarbench.networks.building import try_out

    try:
        try_out(key, entry, setting)
    except UserError as error:
        yield str(error)


PERCEPTRON = Family(
    "mlp",
    room="networks",
    parameters={
        "hidden_dim": Parameter(
            {"type": "integer", "minimum": 1, "maximum": 65536}, "width of the two hidden layers", "1 or more"
        ),
        "batch_norm": Parameter(BOOLEAN, "normalise each hidden layer over the batch", "`true`, `false`"),
        "dropout": Parameter(
            {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            "share of hidden activations dropped while training",
            "0 to below 1",
        ),
        **TRAINING,
    },
    kinds=("perceptrons",),
    leaves=("network.pt", "history.csv"),
    filters="networks.filters",
    uses_features=False,
    has_epochs=True,
    seeded=lambda entry: True,
    impossible=_impossible,
)

OWN = Family(
    "network",
    room="networks",
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
    kinds=("networks of one's own",),
    leaves=("network.pt", "history.csv"),
    uses_features=False,
    has_epochs=True,
    seeded=lambda entry: True,
    takes_params=True,
    own_code=lambda entry: own_code.own_file(entry["module"]),
    impossible=_impossible,
    check=_check,
)

FAMILIES: dict[str, Family] = {family.name: family for family in (PERCEPTRON, OWN)}


def kind_of(settings: dict[str, Any]) -> str:
    """What a network belongs to, in words."""
    return FAMILIES[settings["family"]].kinds[0]
