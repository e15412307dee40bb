"""Invalid values of each key of the configuration: the error message is one sentence that names the key."""

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml
from refusals import CONFIG, PROJECT, at, changed, refusal

from cifarbench.config.renamed_keys import REMOVED_KEYS, RENAMED_KEYS, RENAMED_TYPES
from cifarbench.config.schema import build_schema, load_schema
from cifarbench.config.validation import check_experiments, check_unique_keys
from cifarbench.errors import UserError

SCHEMA = load_schema()
# Overlays of the shipped configuration, in order of application.
OVERLAYS = [[], ["digits"], ["extended"], ["extended", "pretrained"], ["extended", "extended_digits"]]

WRONG_TYPES = {
    bool: ["yes", 1, 0.5, None, [], {}],
    int: ["five", "5", 2.0, 2.5, True, None, [], {}, [5], float("nan")],
    float: ["much", "1e-3", True, None, [], {}, float("nan"), float("inf")],
    str: [5, 0.5, True, None, [], {}, [""]],
    list: [5, "text", True, None, {}, [], [None], [{}]],
    dict: [5, "text", True, None, []],
}
OUT_OF_RANGE = {int: [-1, 10**12], float: [-0.5, 1e9], str: ["", "no such thing/"]}
# Names of optional keys; all others are required.
OPTIONAL = {"standardize", "labels", "cache_dir", "seeds", "resize", "figures", "report", "tune"}
# Sections whose keys are names that users choose, so that no name is a typo.
USER_NAMES = {("datasets",), ("features",), ("models",), ("datasets", "fashion_mnist", "files")}


def walk_paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every key and of every entry of a list."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, content in inner:
        yield (*path, name)
        yield from walk_paths(content, (*path, name))


PATHS = list(walk_paths(CONFIG))
KEYS = [path for path in PATHS if isinstance(path[-1], str)]
# Values that may be any text.
ANY_TEXT = [p for p in PATHS if p[-1] in ("title",) or p[:3] == ("datasets", "fashion_mnist", "classes")]


def cases(values_of_type: dict[type, list], skip: list[tuple] = ()) -> list:
    return [
        pytest.param(path, value, id=f"{'.'.join(map(str, path))}={value!r}")
        for path in PATHS
        if path not in skip
        for value in values_of_type.get(type(at(CONFIG, path)), [])
    ]


def optional(path: tuple) -> bool:
    # Without features, a model uses raw pixels; all keys of a grid are optional.
    return path[-1] in OPTIONAL or (path[0] == "models" and ("features" in path or "grid" in path[:-1]))


def named(path: tuple) -> str:
    return ".".join(map(str, path))


@pytest.mark.parametrize("overlays", OVERLAYS, ids="+".join)
def test_shipped_configurations_are_valid(overlays):
    from snakemake.utils import update_config

    merged = copy.deepcopy(CONFIG)
    for name in overlays:
        update_config(merged, yaml.safe_load((PROJECT / f"config/{name}.yaml").read_text()))
    check_experiments(merged)


@pytest.mark.parametrize(("path", "value"), cases(WRONG_TYPES))
def test_a_wrong_type_is_named(path, value):
    said = refusal(changed(path, value))
    assert any(named(path[: end + 1]) in said for end in range(len(path))), said
    assert named(path[:1]) in said


@pytest.mark.parametrize(("path", "value"), cases(OUT_OF_RANGE, skip=ANY_TEXT))
def test_a_value_out_of_range_is_named(path, value):
    assert str(path[0]) in refusal(changed(path, value))


@pytest.mark.parametrize("path", [p for p in KEYS if p[:-1] not in USER_NAMES], ids=named)
def test_a_typo_is_named_with_a_suggestion(path):
    config = copy.deepcopy(CONFIG)
    section = at(config, path[:-1])
    section[path[-1] + "x"] = section[path[-1]]
    said = refusal(config)
    assert f"{named(path)}x is not a key of the configuration; did you mean {path[-1]}?" in said


@pytest.mark.parametrize("path", [p for p in KEYS if p[:-1] not in USER_NAMES and not optional(p)], ids=named)
def test_a_missing_key_is_named(path):
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
        ("features.pca.features", "pca", "the features form a cycle (pca -> pca): break it"),
        ("features.pixels", {"type": "hog"}, "is the name of the images themselves"),
        ("models.mlp.features", "pca", "models.mlp.features is not a key of the configuration"),
        ("datasets.cifar10.n_train", 25, "folds is 3; it must be at most 2, since some class has"),
        # A search needs at least two folds.
        ("datasets.cifar10.n_train", 15, "folds is 3; delete tune, since some class has at most 1"),
        ("models.mlp.tta", "shift", 'tta is "shift"; it must be one of none, flip, flip_translate'),
        ("models.mlp.hidden_dims", [8], "models.mlp has hidden_dim and hidden_dims; remove one of them."),
        (
            "models.mlp.whitening",
            3073,
            "models.mlp.whitening is 3073; it must be at most 3072, the number of values of an image.",
        ),
        ("models.mlp.early_stopping", {"patience": 0}, "models.mlp.early_stopping.patience is 0; it must be"),
        ("models.mlp.early_stopping", {}, "models.mlp.early_stopping.patience is missing"),
        (
            "models.mlp.optimizer",
            "adam",
            'optimizer is "adam"; it must be a class of torch.optim, such as AdamW.',
        ),
        (
            "models.mlp.schedule",
            "cosin",
            "it must be one of constant, linear, cosine, triangular, or a class",
        ),
        (
            "models.mlp.schedule_params",
            {"gamma": 1},
            "models.mlp.schedule_params are for a schedule of torch",
        ),
        ("models.mlp.batch_size", 60000, "batch_size is 60000; it must be at most 50000"),
        ("models.mlp_batchnorm_dropout.batch_size", 49999, "it leaves a batch of one image"),
        ("models.mlp.learning_rate", "1e-3", "it must be a number. Write 0.001 in a configuration file"),
        ("models.mlp.epochs", "1e2", "it must be a whole number. Write 100 in a configuration file"),
        (
            "models.knn_grid.tune.grid",
            {5: [1]},
            "models.knn_grid.tune.grid has the key 5, which is not text;",
        ),
        ("models.knn_grid.tune.grid.params", [date(2020, 1, 1)], "YAML reads as a date; write it in quotes"),
        (
            "models.mlp.epochs",
            2.0,
            "epochs is 2.0; it must be a whole number. Write 2 in a configuration file.",
        ),
        ("models.knn_grid.tune.grid.n_neighbors", [5, 3.0], "n_neighbors.1 is 3.0; it must be 1 to"),
        ("models.knn_grid.tune.grid.n_neighbors", [5, 3.0], "training images. Write 3 in a configuration"),
        ("datasets.cifar10.image_shape", [3.0, 32, 32], "image_shape.0 is 3.0; it must be a whole number"),
        ("datasets.digits.n_train", 1437.0, "n_train is 1437.0; it must be 1437."),
        ("sha256", "0" * 64, "name the archive too"),
        (
            "models.kNN-5",
            {},
            "models has the name kNN-5; a name must be of small letters, digits and underscores",
        ),
        ("models.kNN-5", {}, "with a letter first, such as knn_5."),
        ("datasets.My-Pics", {}, "datasets has the name My-Pics; a name must be of small letters"),
        (
            "features." + "a" * 61,
            {},
            "features has a name of 61 characters, aaaaaaaaaaaaaaaaaaaa...; give at most 60.",
        ),
        ("figures.accuracy.color", "red", "it must be a color such as #0072b2."),
        ("sha256", "xyz", "it must be 64 hexadecimal digits in small letters"),
        ("models.mlp", {"family": "predictions"}, "models.mlp.file is missing"),
        ("models.mlp", {"family": "predictions", "file": "a.txt"}, "a file that ends in .csv, .npz or .onnx"),
        (
            "models.mlp",
            {"family": "predictions", "file": "no.csv"},
            "file is no.csv, which does not exist; name",
        ),
        (
            "models.mlp",
            {"family": "predictions", "file": "no.csv", "input": {"mean": [0, 1]}},
            "models.mlp.input.mean has 2 values; give one, or one for each of 3 channels",
        ),
        (
            "models.mlp",
            {"family": "predictions", "file": "no.csv", "input": {"scale": 1}},
            "delete it, since file",
        ),
        (
            "models.mlp",
            {"family": "predictions", "tune": {}},
            "models.mlp.tune is not a key of the configuration",
        ),
        ("models.mlp.n_neighbors", 3, "is not valid for family mlp, but for knn; delete it, or use one of"),
    ],
)
def test_invalid_values_are_refused_with_the_valid_ones(key, value, sentence):
    assert sentence in refusal(changed(tuple(key.split(".")), value))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [(False, "models has a name that YAML reads as false"), (5, "models has the name 5; a name must be")],
)
def test_a_name_that_is_not_text_is_explained(name, sentence):
    config = copy.deepcopy(CONFIG)
    config["models"][name] = {"family": "knn", "n_neighbors": 1}
    assert sentence in refusal(config)


def test_user_code_is_described_without_a_regular_expression():
    model = {"family": "estimator", "estimator": "my models/a.py:A"}
    assert "such as folder/file.py:Name, without spaces." in refusal(changed(("models", "mine"), model))


def test_every_pattern_is_described_in_words():
    def patterns(value: Any) -> Iterator[dict]:
        if isinstance(value, dict) and isinstance(value.get("pattern"), str):
            yield value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from patterns(inner)

    found = [*patterns(build_schema())]
    assert len(found) > 6
    assert all("title" in schema for schema in found)


# An entry of each section of RENAMED_KEYS to which the old key is added.
ENTRIES = {
    "": (),
    "suite": ("suite",),
    "suite.repeats": ("suite", "repeats"),
    "suite.test_sets": ("suite", "test_sets", "new"),
    "datasets": ("datasets", "cifar10"),
    "training": ("training",),
    "robustness": ("robustness",),
    "figures": ("figures", "predictions"),
}
# The type of features or family of models that has the new key.
TYPES = {
    **dict.fromkeys(["epsilon", "l2_normalize"], "whitening"),
    **dict.fromkeys(["patch_size", "n_pool", "soft_threshold"], "patches"),
    **dict.fromkeys(["pixels_per_cell", "cells_per_block"], "hog"),
    "standardize": "pca",
    "backbone": "pretrained",
    "channels": "convnet",
    **dict.fromkeys(["ann", "nlist", "nprobe"], "knn"),
}
RENAMED = [(section, old, new) for section, keys in RENAMED_KEYS.items() for old, new in keys.items()]


@pytest.mark.parametrize(("section", "old", "new"), RENAMED, ids=str)
def test_a_former_key_names_the_new_one(section, old, new):
    path = ENTRIES.get(section, (section, "new"))
    config = copy.deepcopy(CONFIG) | {"suite": {"repeats": {}, "test_sets": {"new": {}}}, "robustness": {}}
    if section in ("features", "models"):
        key = "type" if section == "features" else "family"
        config[section]["new"] = {} if new == "type" else {key: TYPES.get(new, "mlp")}
    if new in ("nlist", "nprobe"):
        path = (*path, "ann")
        config["models"]["new"]["ann"] = {}
    at(config, path)[old] = at(config, path).pop(new, None)
    key = ".".join(path)
    dot = "." if key else ""
    assert f"{key}{dot}{old} is now called {new}; write {key}{dot}{new} instead." in refusal(config).split(
        "\n"
    )


@pytest.mark.parametrize(("old", "new"), RENAMED_TYPES.items())
def test_a_former_type_names_the_new_one(old, new):
    said = refusal(changed(("features", "new"), {"type": old}))
    assert said == f'features.new.type is "{old}", which is now called {new}; write {new} instead.'


@pytest.mark.parametrize("key", REMOVED_KEYS)
def test_a_removed_key_is_explained(key):
    assert refusal(changed((key,), 2)) == f"{key} has been removed, since {REMOVED_KEYS[key]}; delete it."


def test_a_former_key_in_a_grid_names_the_new_one():
    grid = {"scale": [True], "n_neighbors": [1]}
    said = refusal(changed(("models", "knn_grid", "tune", "grid"), grid))
    assert "models.knn_grid.tune.grid.scale is now called standardize" in said


def test_keys_of_another_section_are_not_former_ones():
    assert "did you mean seed" in refusal(changed(("sed",), 3))
    assert "cache is not a key" in refusal(changed(("training", "cache"), "x"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models:\n  a: 1\nmodels:\n  b: 2\n", "has the key models in line 1 and again in line 3"),
        ("m:\n  - {a: 1}\n  - b: 2\n    b: 3\n", "has the key b in line 3 and again in line 4"),
        ("m: {a: 1, a: 2}\n", "has the key a in line 1 and again in line 1"),
        ("a: {x: 1}\nb: {x: 1}\n", None),
        ("", None),
    ],
)
def test_duplicate_keys_are_refused(tmp_path, text, sentence):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    if sentence is None:
        check_unique_keys(path)
        return
    with pytest.raises(UserError) as caught:
        check_unique_keys(path)
    assert f"{path} {sentence}" in str(caught.value)


def test_the_schema_refuses_unknown_keys_and_covers_the_configuration():
    """Each object of the schema refuses unknown keys; each known key is in config.yaml, some only as comments."""
    assert SCHEMA["additionalProperties"] is False
    assert set(CONFIG) <= set(SCHEMA["properties"])
    commented = {
        "name",
        "suite",
        "seeds",
        "metric",
        "margin",
        "mute",
        "archive",
        "sha256",
        "cache_dir",
        "pathvars",
        *("images", "preset", "split", "group", "image_size", "resize", "hflip_safe"),
    }
    commented |= {"exclude", "relabel", "robustness", "explorer"}
    assert set(SCHEMA["properties"]) - commented == set(CONFIG)
