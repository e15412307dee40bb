"""Transformers of scikit-learn and of users, compared with the same transformers used directly."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import FastICA
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import OneHotEncoder

from cifarbench.features import transformer
from cifarbench.features.fit_inputs import FitInputs, scale_pixels
from cifarbench.io.atomic import load_npz, save_npz
from cifarbench.planning.model_family import DataShape

SHAPE = (1, 4, 5)
ICA = {"transformer": "sklearn.decomposition.FastICA", "params": {"n_components": 4}}

USER_CODE = """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class Shifted(TransformerMixin, BaseEstimator):
    def __init__(self, by=1.0, gives="values"):
        self.by = by
        self.gives = gives

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        values = X - self.mean_ + self.by
        return {"values": values, "fewer": values[1:], "flat": values[:, 0], "none": values * np.nan}[self.gives]


def shifted():
    return Shifted()
"""


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 20)).astype(np.uint8)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, 120)


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    # Use another module name in each test, since imported modules stay loaded.
    name = f"shifted_{tmp_path.parent.name.replace('-', '_')}_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(USER_CODE)
    return f"{name}.py:Shifted"


def inputs(
    values: np.ndarray, labels: np.ndarray, rows: np.ndarray | None = None, seed: int = 3
) -> FitInputs:
    return FitInputs(values, np.arange(len(values)) if rows is None else rows, labels, 3, SHAPE, seed)


def test_features_equal_those_of_the_transformer_with_the_seed(images, labels, tmp_path):
    save_npz(tmp_path / "fitted.npz", **transformer.fit(inputs(images, labels), ICA))
    found = transformer.transform(images, load_npz(tmp_path / "fitted.npz"), ICA, SHAPE)
    expected = FastICA(4, random_state=3).fit(scale_pixels(images)).transform(scale_pixels(images))
    assert found.dtype == np.float32 and found.flags.c_contiguous
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_supervised_transformers_get_the_labels(images, labels):
    params = {"transformer": "sklearn.feature_selection.SelectKBest", "params": {"k": 3}}
    rows = np.arange(0, 120, 2)
    state = transformer.fit(inputs(images, labels, rows), params)
    expected = SelectKBest(k=3).fit(scale_pixels(images[rows]), labels[rows]).transform(scale_pixels(images))
    np.testing.assert_array_equal(transformer.transform(images, state, params, SHAPE), expected)


def test_sparse_features_become_dense(labels):
    params = {"transformer": "sklearn.preprocessing.OneHotEncoder", "params": {}}
    values = np.random.default_rng(2).integers(0, 4, (120, 20)).astype(np.float32)
    state = transformer.fit(inputs(values, labels), params)
    expected = OneHotEncoder().fit(values).transform(values).toarray()
    found = transformer.transform(values, state, params, SHAPE)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_user_defined_transformers_are_used(images, labels, user_code):
    params = {"transformer": user_code, "params": {"by": 2.5}}
    assert transformer.FEATURE_TYPE.source_file(params) == user_code.partition(":")[0]
    assert not list(transformer.FEATURE_TYPE.check_build("f", params, DataShape(120, 3, SHAPE, 20)))
    found = transformer.transform(images, transformer.fit(inputs(images, labels), params), params, SHAPE)
    expected = scale_pixels(images) - scale_pixels(images).mean(axis=0) + np.float32(2.5)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        ("fewer", r"shape \(119, 20\) for 120 images"),
        ("flat", r"shape \(120,\) for 120 images"),
        ("none", "values for 120 images that are not finite"),
    ],
)
def test_invalid_features_are_refused(images, labels, user_code, gives, told):
    params = {"transformer": user_code, "params": {"gives": gives}}
    state = transformer.fit(inputs(images, labels), params)
    with pytest.raises(ValueError, match=told):
        transformer.transform(images, state, params, SHAPE)


@pytest.mark.parametrize(
    ("reference", "params", "start", "end"),
    [
        (
            "decomposition.FastIA",
            {},
            "transformer is {}, but sklearn.decomposition has no FastIA; name ",
            ".",
        ),
        (
            "linear_model.Ridge",
            {},
            "transformer is {}, which is not a class with fit and transform; ",
            ".",
        ),
        ("decomposition.fastica", {}, "transformer is {}, which is not a class ", "."),
        (
            "decomposition.FastICA",
            {"n_component": 3},
            "params.n_component is not a parameter of {}; did ",
            "s?",
        ),
        (
            "preprocessing.StandardScaler",
            {"z": 3},
            "params.z is not a parameter of {}; its parameters are ",
            "with_std.",
        ),
        (
            "decomposition.FastICA",
            {"n_components": -3},
            "params are not valid for {} (The 'n_comp",
            "); change them.",
        ),
        ("pipeline.FeatureUnion", {}, "params are not valid for {} (", "); change them."),
    ],
)
def test_invalid_transformers_are_refused(reference, params, start, end):
    entry = {"transformer": f"sklearn.{reference}", "params": params}
    (sentence,) = transformer.FEATURE_TYPE.check_build("f", entry, DataShape(120, 3, SHAPE, 20))
    assert sentence.startswith("f." + start.format(f"sklearn.{reference}")) and sentence.endswith(end)


def test_user_defined_functions_are_refused(user_code):
    reference = user_code.replace("Shifted", "shifted")
    entry = {"transformer": reference, "params": {}}
    (sentence,) = transformer.FEATURE_TYPE.check_build("f", entry, DataShape(120, 3, SHAPE, 20))
    assert sentence.startswith(f"f.transformer is {reference}, which is not a class with")
