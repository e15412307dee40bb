"""ZCA whitening: remove brightness, contrast and the correlation of pixels from images.

Bell and Sejnowski, The "independent components" of natural scenes are edge filters, Vision Research 37 (1997).
"""

from collections.abc import Iterator

import numpy as np

from cifarbench.features.covariance import RunningCovariance
from cifarbench.features.fit_inputs import FitInputs, State, scale_pixels
from cifarbench.features.pca import PrincipalComponents
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    n_components, n_inputs = entry["n_components"], data.n_inputs
    if n_inputs is not None and n_components > n_inputs:
        yield f"{key}.n_components is {n_components}; it must be at most {n_inputs}, the number of values."


FEATURE_TYPE = FeatureType(
    "whitening",
    read_parameters("whitening"),
    # All components and their variances are stored.
    fit_keys=(),
    n_outputs=lambda entry, data: entry["n_components"] or data.n_inputs,
    check_data=_check_data,
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """Fit all D components of the normalised images, as PrincipalComponents."""
    return PrincipalComponents.fit(_moments(inputs), scaled=False).state_dict()


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Project onto the components, each of about unit variance: (n, n_components) float32; of all, back to (n, D)."""
    components, n_components = PrincipalComponents(**state), params["n_components"]
    values = components.transform(standardize_rows(block), n_components or block.shape[1])
    values /= np.sqrt(components.variances[: values.shape[1]] + np.float32(params["epsilon"]))
    if not n_components:
        values = values @ components.components
    if params["l2_normalize"]:
        values /= _unless_zero(np.linalg.norm(values, axis=1, keepdims=True))
    return values


def stored_bytes(state: State, params: Entry) -> int:
    """Return the bytes that `transform` needs of the state: the first components, or all."""
    n_components = params["n_components"] or len(state["components"])
    arrays = (state["mean"], state["components"][:n_components], state["variances"][:n_components])
    return sum(array.nbytes for array in arrays)


def standardize_rows(block: np.ndarray) -> np.ndarray:
    """Return each row less its mean, divided by its standard deviation: (n, D) float32; 0 for equal values."""
    values = scale_pixels(block)
    # In float64 the mean of equal values is that value, and the difference is exactly 0.
    values = values - values.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    values /= _unless_zero(np.sqrt(np.square(values).mean(axis=1, keepdims=True)))
    return values


def _moments(inputs: FitInputs) -> RunningCovariance:
    """Compute moments of the normalised images in one pass: their values are small, so products need no centering."""
    count, size = len(inputs.rows), inputs.n_inputs
    sums, products = np.zeros(size), np.zeros((size, size))
    for block, _ in inputs.iter_blocks():
        values = standardize_rows(block)
        sums += values.sum(axis=0, dtype=np.float64)
        products += values.T @ values
    squares = products.diagonal().copy()
    products -= np.outer(sums, sums) / count
    return RunningCovariance(count, sums, squares, products, middle=0.0)


def _unless_zero(divisors: np.ndarray) -> np.ndarray:
    return np.where(divisors == 0, np.float32(1), divisors)
