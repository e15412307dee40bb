"""Running covariances and principal components, compared with scikit-learn's."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.pca import PrincipalComponents
from cifarbench.io.atomic import load_npz, save_npz


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    smooth = (
        random.normal(size=(400, 8)) @ random.normal(size=(8, 48)) * 20 + random.normal(size=(400, 48)) * 8
    )
    return np.clip(smooth + 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("scaled", [False, True])
def test_components_equal_scikit_learns_exact_pca(images, scaled):
    steps = [StandardScaler()] if scaled else []
    theirs = make_pipeline(*steps, PCA(10, svd_solver="covariance_eigh")).fit(images.astype(np.float64))
    fitted = PrincipalComponents.fit(RunningCovariance.from_images(images), scaled)
    expected = theirs.transform(images.astype(np.float64))
    found = fitted.transform(images, 10)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())
    np.testing.assert_allclose(fitted.variances[:10], theirs[-1].explained_variance_, rtol=1e-4)


@pytest.mark.parametrize("scaled", [False, True])
def test_components_of_few_images_equal_scikit_learns_exact_pca(images, scaled):
    few, others = images[:30], images[30:]
    steps = [StandardScaler()] if scaled else []
    theirs = make_pipeline(*steps, PCA(svd_solver="full")).fit(few.astype(np.float64))
    fitted = PrincipalComponents.fit_gram(few, scaled)
    assert fitted.components.shape == (30, 48)
    expected = theirs.transform(others.astype(np.float64))[:, :29]
    np.testing.assert_allclose(
        fitted.transform(others, 29), expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max()
    )
    np.testing.assert_allclose(fitted.variances[:29], theirs[-1].explained_variance_[:29], rtol=1e-5)
    # Thirty centred images span 29 dimensions, so that the thirtieth component is zero.
    assert fitted.variances[29] == 0
    assert not fitted.transform(others, 30)[:, 29].any()


def test_components_of_float_features_equal_scikit_learns(images):
    features = (images[:30].astype(np.float32) - 100) / 50
    theirs = PCA(9, svd_solver="full").fit(features.astype(np.float64))
    found = PrincipalComponents.fit_gram(features, False)
    np.testing.assert_allclose(found.components[:9], theirs.components_, atol=1e-6)
    np.testing.assert_allclose(found.transform(features, 9), theirs.transform(features), atol=1e-4)


def test_duplicate_images_add_no_components(images):
    fitted = PrincipalComponents.fit_gram(np.concatenate([images[:5]] * 4), True)
    assert (fitted.variances > 0).sum() == 4
    assert not fitted.components[4:].any()
    fitted = PrincipalComponents.fit_gram(np.repeat(images[:1], 3, axis=0), True)
    assert not fitted.components.any()
    assert not fitted.transform(images, 3).any()


def test_covariances_can_be_subtracted(images):
    left_out = np.arange(0, 400, 3)
    kept = np.setdiff1d(np.arange(400), left_out)
    difference = RunningCovariance.from_images(images) - RunningCovariance.from_images(images, left_out)
    direct = RunningCovariance.from_images(images, kept)
    assert difference.count == direct.count
    np.testing.assert_array_equal(difference.sums, direct.sums)
    np.testing.assert_array_equal(difference.squares, direct.squares)
    np.testing.assert_allclose(difference.covariance(), direct.covariance(), rtol=1e-5, atol=1e-2)


def test_constant_pixels_are_not_scaled(images):
    still = images.copy()
    still[:, 5] = 255
    moments = RunningCovariance.from_images(still)
    assert moments.variance[5] == 0
    fitted = PrincipalComponents.fit(moments, True)
    assert fitted.scale[5] == 1
    moved = still.copy()
    moved[:, 5] = 254
    assert np.abs(fitted.transform(moved, 48) - fitted.transform(still, 48)).max() < 1.01


def test_components_are_equal_after_saving_and_loading(images, tmp_path):
    moments = RunningCovariance.from_images(images)
    moments.save(tmp_path / "moments.npz")
    fitted = PrincipalComponents.fit(RunningCovariance.load(tmp_path / "moments.npz"), False)
    save_npz(tmp_path / "pca.npz", **fitted.state_dict())
    again = PrincipalComponents(**load_npz(tmp_path / "pca.npz"))
    np.testing.assert_array_equal(again.transform(images, 7), fitted.transform(images, 7))
