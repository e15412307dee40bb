"""Whole images, whitened: brightness, contrast and what neighbouring pixels share are taken out of each (ZCA).

After Bell and Sejnowski, The "independent components" of natural scenes are edge filters, Vision Research 37 (1997).
"""

import numpy as np

from cifarbench.features.components import PrincipalComponents
from cifarbench.features.inputs import Inputs, State, as_float
from cifarbench.features.moments import Moments
from cifarbench.study.family import BOOLEAN, Entry, FeatureKind, Parameter

KIND = FeatureKind(
    "whitened",
    {
        "regularization": Parameter(
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
            "what is added to each component's variance before the component is divided by its root; images are "
            "normalised before, so that the mean variance of all components is about 1",
            "above 0 to 1000",
            required=False,
            default=1,
        ),
        "normalize": Parameter(
            BOOLEAN,
            "each whitened image divided by its length",
            "`true`, `false`",
            required=False,
            default=True,
        ),
    },
    # All components and their variances are stored.
    fit_keys=(),
    n_outputs=lambda entry, setting: setting.n_inputs,
)


def fit(inputs: Inputs, params: Entry) -> State:
    """All components of the normalised images, D of them, as PrincipalComponents has them."""
    return PrincipalComponents.fit(_moments(inputs), scaled=False).arrays()


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """Onto the components, each to about unit variance, and back: (n, D) float32, in the order of the inputs."""
    components = PrincipalComponents(**state)
    values = components.transform(normalised(block), block.shape[1])
    values /= np.sqrt(components.variances + np.float32(params["regularization"]))
    values = values @ components.components
    if params["normalize"]:
        values /= _unless_zero(np.linalg.norm(values, axis=1, keepdims=True))
    return values


def normalised(block: np.ndarray) -> np.ndarray:
    """Each row less its mean and divided by its standard deviation, (n, D) float32; 0 where all values are equal."""
    values = as_float(block)
    # In float64 the mean of equal values is that value, and what is left of them is exactly 0.
    values = values - values.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    values /= _unless_zero(np.sqrt(np.square(values).mean(axis=1, keepdims=True)))
    return values


def _moments(inputs: Inputs) -> Moments:
    """Moments of the normalised images, in one pass: their values are small, so products need no mean taken off."""
    count, size = len(inputs.rows), inputs.n_inputs
    sums, products = np.zeros(size), np.zeros((size, size))
    for block, _ in inputs.blocks():
        values = normalised(block)
        sums += values.sum(axis=0, dtype=np.float64)
        products += values.T @ values
    squares = products.diagonal().copy()
    products -= np.outer(sums, sums) / count
    return Moments(count, sums, squares, products, middle=0.0)


def _unless_zero(divisors: np.ndarray) -> np.ndarray:
    return np.where(divisors == 0, np.float32(1), divisors)
