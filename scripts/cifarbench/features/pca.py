"""Principal component analysis; all components are fitted, so that another number of them needs no new fit.

They are fitted to additive moments or, if there are fewer images than values, to the images themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from cifarbench.features.covariance import RunningCovariance, center, pixel_offset
from cifarbench.features.fit_inputs import FitInputs, State
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters

CHUNK_ROWS = 1024


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    n_components = entry["n_components"]
    if data.n_inputs is not None and n_components > data.n_inputs:
        values = "pixel values" if data.n_inputs == np.prod(data.image_shape) else "values"
        yield f"{key}.n_components is {n_components}; it must be at most {data.n_inputs}, the number of {values}."
    elif n_components > data.n_train:
        yield f"{key}.n_components is {n_components}; it must be at most {data.n_train}, {data.n_train_label}."


FEATURE_TYPE = FeatureType(
    "pca",
    read_parameters("pca"),
    # The first n of all components are those of a PCA(n).
    fit_keys=("standardize",),
    uses_covariance=True,
    n_outputs=lambda entry, data: entry["n_components"],
    check_data=_check_data,
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """Fit all components, whatever `n_components` is."""
    if len(inputs.rows) < inputs.n_inputs:
        return PrincipalComponents.fit_gram(inputs.values[inputs.rows], params["standardize"]).state_dict()
    return PrincipalComponents.fit(inputs.moments, params["standardize"]).state_dict()


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Project (n, D) onto the first components: (n, n_components) float32."""
    return PrincipalComponents(**state).transform(block, params["n_components"])


def stored_bytes(state: State, params: Entry) -> int:
    """Return the bytes that `transform` needs of the state: the first components."""
    return state["mean"].nbytes + state["scale"].nbytes + state["components"][: params["n_components"]].nbytes


@dataclass(frozen=True)
class PrincipalComponents:
    """All K components of images of D values, the largest variance first; K is D, or the number of images if smaller.

    mean, scale: (D,) float32; values are divided by their scale (1 without scaling). components: (K, D) float32,
    orthonormal rows, of which the largest value is positive. variances: (K,) float32, as `explained_variance_`. middle:
    the number that `center` subtracts from the values.
    """

    mean: np.ndarray
    scale: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    middle: np.ndarray | np.floating

    @classmethod
    def fit(cls, moments: RunningCovariance, scaled: bool) -> Self:
        """Fit StandardScaler (if `scaled`) and PCA(svd_solver="covariance_eigh") from the moments alone."""
        # Imported here because it takes longer than a small transformation.
        import scipy.linalg

        covariance = moments.covariance()
        scale = np.ones(len(covariance))
        if scaled:
            scale = np.sqrt(moments.variance)
            scale[scale == 0] = 1
            covariance /= scale
            covariance /= scale[:, None]
        variances, vectors = scipy.linalg.eigh(
            covariance.astype(np.float32), driver="evd", overwrite_a=True, check_finite=False
        )
        return cls(
            moments.mean.astype(np.float32),
            scale.astype(np.float32),
            _signed(vectors[:, ::-1].T),
            np.maximum(variances[::-1], 0),
            np.float32(moments.middle),
        )

    @classmethod
    def fit_gram(cls, images: np.ndarray, scaled: bool) -> Self:
        """Fit the same components to N < D images (N, D), by their Gram matrix, which is smaller than the covariance.

        If X X' u = l u, then X' u is an eigenvector of X' X. Components without variance are 0.
        """
        values = center(images).astype(np.float64)
        mean = values.mean(axis=0)
        values -= mean
        scale = np.ones(len(mean))
        if scaled:
            scale = np.sqrt(np.square(values).mean(axis=0))
            scale[scale == 0] = 1
            values /= scale
        strengths, vectors = np.linalg.eigh(values @ values.T)
        strengths, vectors = strengths[::-1], vectors[:, ::-1]
        has_variance = strengths > len(images) * np.finfo(np.float64).eps * strengths[0]
        components = (vectors.T @ values) * np.where(
            has_variance, 1 / np.sqrt(np.where(has_variance, strengths, 1)), 0
        )[:, None]
        middle = pixel_offset(images)
        return cls(
            (mean + middle).astype(np.float32),
            scale.astype(np.float32),
            _signed(components.astype(np.float32)),
            np.where(has_variance, strengths / (len(images) - 1), 0).astype(np.float32),
            np.float32(middle),
        )

    def transform(self, images: np.ndarray, n_components: int) -> np.ndarray:
        """Project `images` (N, D), pixels or features, onto the first components: (N, n_components) float32."""
        basis = (self.components[:n_components] / self.scale).T
        origin = (self.mean - self.middle) @ basis
        features = np.empty((len(images), n_components), np.float32)
        for start in range(0, len(images), CHUNK_ROWS):
            stop = start + CHUNK_ROWS
            np.matmul(center(images[start:stop]), basis, out=features[start:stop])
        features -= origin
        return features

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the arrays by name, as the constructor takes them."""
        return dict(vars(self))


def _signed(components: np.ndarray) -> np.ndarray:
    """Return rows (K, D) with signs such that the largest value of each is positive, as in scikit-learn."""
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    return np.ascontiguousarray(np.where(largest < 0, -components, components))
