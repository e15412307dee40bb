"""Consistency of all feature types: declarations, imports, blocks and fitting to given rows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from cifarbench.features import get_module
from cifarbench.features.fit_inputs import FitInputs
from cifarbench.features.registry import FEATURE_TYPES
from cifarbench.planning.experiment import with_defaults
from cifarbench.planning.model_family import DataShape

SCRIPTS = Path(get_module("pca").__file__).parents[2]
SHAPE = (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (120, 192)).astype(np.uint8)
LABELS = np.random.default_rng(1).integers(0, 4, 120)
# All types except pretrained networks, which need a file of weights.
ENTRIES = {
    "pca": ("pca", {"n_components": 5}),
    "lda": ("lda", {}),
    "whitening": ("whitening", {}),
    "random patches": ("patches", {"n_patches": 9, "patch_size": 3, "method": "random"}),
    "patches by k-means": ("patches", {"n_patches": 9, "patch_size": 3, "method": "kmeans"}),
    "hog": ("hog", {"pixels_per_cell": 4}),
    "transformer": (
        "transformer",
        {"transformer": "sklearn.decomposition.TruncatedSVD", "params": {"n_components": 4}},
    ),
}


def params_of(name: str) -> dict:
    kind, entry = ENTRIES[name]
    return with_defaults(entry, FEATURE_TYPES[kind].parameters)


def fit(name: str, images: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> dict:
    kind, _ = ENTRIES[name]
    inputs = FitInputs(images, rows, labels, 4, SHAPE, seed=3)
    return get_module(kind).fit(inputs, params_of(name)) if FEATURE_TYPES[kind].is_fitted else {}


def transform(name: str, state: dict, images: np.ndarray = IMAGES) -> np.ndarray:
    return get_module(ENTRIES[name][0]).transform(images, state, params_of(name), SHAPE)


@pytest.mark.parametrize("name", FEATURE_TYPES)
def test_modules_implement_their_declarations(name):
    kind, module = FEATURE_TYPES[name], get_module(name)
    assert kind is module.FEATURE_TYPE and kind.name == name
    assert callable(module.transform) and hasattr(module, "fit") == kind.is_fitted
    assert set(kind.fit_keys or ()) <= set(kind.parameters)
    for parameter in kind.parameters.values():
        Draft202012Validator.check_schema(parameter.schema)
        assert parameter.description and parameter.range
        assert parameter.required or Draft202012Validator(parameter.schema).is_valid(parameter.default)


def test_the_registry_has_no_heavy_imports():
    code = (
        "import sys, cifarbench.features.registry as kinds\n"
        "print(*({'torch', 'torchvision', 'timm', 'sklearn', 'skimage', 'scipy', 'skops'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


@pytest.mark.parametrize("name", ENTRIES)
def test_features_of_blocks_equal_those_of_all_images(name):
    state = fit(name, IMAGES, LABELS, np.arange(120))
    whole = transform(name, state)
    assert whole.dtype == np.float32 and whole.flags.c_contiguous
    setting = DataShape(120, 4, SHAPE, 192)
    assert FEATURE_TYPES[ENTRIES[name][0]].n_outputs(params_of(name), setting) in (whole.shape[1], None)
    parts = [transform(name, state, IMAGES[start : start + 7]) for start in range(0, 120, 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize(
    "name", [name for name, (kind, _) in ENTRIES.items() if FEATURE_TYPES[kind].is_fitted]
)
def test_only_the_given_rows_are_used_for_fitting(name):
    rows = np.arange(0, 120, 2)
    other, other_labels = IMAGES.copy(), LABELS.copy()
    other[1::2] = 255 - other[1::2] // 3
    other_labels[1::2] = 0
    expected = transform(name, fit(name, IMAGES, LABELS, rows))
    np.testing.assert_array_equal(transform(name, fit(name, other, other_labels, rows)), expected)
    assert not np.allclose(transform(name, fit(name, other, other_labels, rows + 1)), expected)
