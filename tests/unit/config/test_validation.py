"""Every key of the configuration, spoilt in every way: each ends in one sentence that names it."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cifarbench.config import validation
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES

PROJECT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((PROJECT / "workflow/schemas/config.schema.yaml").read_text())
CONFIG = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
# Files that are laid over it, one after the other.
OVERLAYS = [[], ["digits"], ["extended"], ["extended", "pretrained"], ["extended", "extended_digits"]]

WRONG_TYPES = {
    bool: ["yes", 1, 0.5, None, [], {}],
    int: ["five", "5", 2.5, True, None, [], {}, [5], float("nan")],
    float: ["much", "1e-3", True, None, [], {}, float("nan"), float("inf")],
    str: [5, 0.5, True, None, [], {}, [""]],
    list: [5, "text", True, None, {}, [], [None], [{}]],
    dict: [5, "text", True, None, []],
}
OUT_OF_RANGE = {int: [-1, 10**12], float: [-0.5, 1e9], str: ["", "no such thing/"]}
# Keys that may be left out, by what they are called. Everything else is needed.
OPTIONAL = {"standardize", "labels", "cache_dir", "seeds", "resize", "figures", "report", "tune"}
# Names that the configuration's author chooses: another one is no fault of its own.
FREE = {("datasets",), ("features",), ("models",), ("datasets", "fashion_mnist", "files")}


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every key, and of every entry of a list."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, content in inner:
        yield (*path, name)
        yield from places(content, (*path, name))


def check(config: dict[str, Any]) -> None:
    validation.validate(config, SCHEMA, FAMILIES, FEATURE_TYPES)


def at(config: Any, path: tuple) -> Any:
    for name in path:
        config = config[name]
    return config


def spoilt(path: tuple, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    at(config, path[:-1])[path[-1]] = value
    return config


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        check(config)
    return str(caught.value)


PLACES = list(places(CONFIG))
KEYS = [path for path in PLACES if isinstance(path[-1], str)]
# Text whose only rule is to be text.
ANY_TEXT = [p for p in PLACES if p[-1] in ("title",) or p[:3] == ("datasets", "fashion_mnist", "classes")]


def cases(values_of_type: dict[type, list], skip: list[tuple] = ()) -> list:
    return [
        pytest.param(path, value, id=f"{'.'.join(map(str, path))}={value!r}")
        for path in PLACES
        if path not in skip
        for value in values_of_type.get(type(at(CONFIG, path)), [])
    ]


def optional(path: tuple) -> bool:
    # Without features, a model is one on raw pixels; a grid needs none of its keys.
    return path[-1] in OPTIONAL or (path[0] == "models" and ("features" in path or "grid" in path[:-1]))


def named(path: tuple) -> str:
    return ".".join(map(str, path))


@pytest.mark.parametrize("overlays", OVERLAYS, ids="+".join)
def test_the_shipped_configurations_are_good(overlays):
    from snakemake.utils import update_config

    merged = copy.deepcopy(CONFIG)
    for name in overlays:
        update_config(merged, yaml.safe_load((PROJECT / f"config/{name}.yaml").read_text()))
    check(merged)


@pytest.mark.parametrize(("path", "value"), cases(WRONG_TYPES))
def test_a_wrong_type_is_named(path, value):
    said = refusal(spoilt(path, value))
    assert any(named(path[: end + 1]) in said for end in range(len(path))), said
    assert named(path[:1]) in said


@pytest.mark.parametrize(("path", "value"), cases(OUT_OF_RANGE, skip=ANY_TEXT))
def test_a_value_out_of_range_is_named(path, value):
    assert str(path[0]) in refusal(spoilt(path, value))


@pytest.mark.parametrize("path", [p for p in KEYS if p[:-1] not in FREE], ids=named)
def test_a_typo_is_named_and_mended(path):
    config = copy.deepcopy(CONFIG)
    section = at(config, path[:-1])
    section[path[-1] + "x"] = section[path[-1]]
    said = refusal(config)
    assert f"{named(path)}x is not a key of the configuration; did you mean {path[-1]}?" in said


@pytest.mark.parametrize("path", [p for p in KEYS if p[:-1] not in FREE and not optional(p)], ids=named)
def test_a_key_left_out_is_named(path):
    config = copy.deepcopy(CONFIG)
    del at(config, path[:-1])[path[-1]]
    assert path[-1] in refusal(config)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("dataset", "cifar", 'dataset is "cifar"; it must be one of the keys under datasets'),
        ("compare", ["knn"], 'compare names "knn"; it must be one of the keys under models'),
        ("models.knn_raw.n_neighbors", 50001, "it must be at most 50000, the number of training images"),
        ("features.pca.n_components", 3073, "it must be at most 3072, the number of pixel values"),
        (
            "models.knn_grid.tune.grid.n_neighbors",
            [5, 40000],
            "at most 33333, the number of training images in a",
        ),
        ("models.knn_grid.tune.grid.n_components", [8, 4000], "n_components is 4000; it must be at"),
        ("models.knn_grid.tune.grid.n_neighbors", [5, 0], "n_neighbors.1 is 0; it must be 1 to"),
        ("models.knn_grid.tune.grid.n_neighbours", [5], "did you mean n_neighbors?"),
        ("models.knn_pca.features", "pcb", 'features is "pcb"; it must be one of the keys under features'),
        ("features.pca.features", "pca", "the chain goes in a circle (pca -> pca): break it"),
        ("features.pixels", {"type": "hog"}, "is the name of the images themselves"),
        ("models.mlp.features", "pca", "models.mlp.features is not a key of the configuration"),
        ("datasets.cifar10.n_train", 25, "folds is 3; it must be at most 2, since some class"),
        ("models.mlp.batch_size", 60000, "batch_size is 60000; it must be at most 50000"),
        ("models.mlp_batchnorm_dropout.batch_size", 49999, "it leaves a batch of one image"),
        ("models.mlp.learning_rate", "1e-3", "it must be a number. Write 0.001 in a configuration file"),
        ("sha256", "0" * 64, "name the archive too"),
    ],
)
def test_impossible_values_say_what_would_do(key, value, sentence):
    assert sentence in refusal(spoilt(tuple(key.split(".")), value))


def test_nothing_is_left_unchecked():
    """Each object of the schema refuses unknown keys, and each key that it knows stands in the configuration."""
    assert SCHEMA["additionalProperties"] is False
    assert set(CONFIG) <= set(SCHEMA["properties"])
    commented = {"suite", "seeds", "archive", "sha256", "cache_dir", "exclude", "robustness", "pathvars"}
    assert set(SCHEMA["properties"]) - commented == set(CONFIG)
