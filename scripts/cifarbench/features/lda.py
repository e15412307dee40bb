"""Linear discriminants (Fisher 1936, Rao 1948).

scikit-learn's LinearDiscriminantAnalysis(solver="eigen") also shrinks the covariance between classes.
"""

import numpy as np

from cifarbench.features.covariance import center
from cifarbench.features.fit_inputs import FitInputs, State
from cifarbench.planning.model_family import Entry, FeatureType, ImageShape, read_parameters

# Directions whose eigenvalue is less than this share of the largest one are set to zero.
EPSILON = 1e-10


FEATURE_TYPE = FeatureType(
    "lda",
    read_parameters("lda"),
    n_outputs=lambda entry, data: data.n_inputs and min(data.n_classes - 1, data.n_inputs),
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """Return the mean (D,) of the centered values and the directions (D, min(classes - 1, D)), float32.

    The most discriminative direction is first. Along each, the shrunk variance within classes is 1.
    """
    import scipy.linalg

    moments, n_outputs = inputs.moments, min(inputs.n_classes - 1, inputs.n_inputs)
    mean = moments.sums / moments.count
    between = _class_deviations(inputs, mean)
    # Total scatter is the sum of that between and that within classes.
    within = moments.scatter - between @ between.T
    within /= moments.count
    between /= np.sqrt(moments.count)
    shrinkage, level = params["shrinkage"], np.trace(within) / len(within)
    within *= 1 - shrinkage
    within[np.diag_indices_from(within)] += shrinkage * level
    # Directions of B B' v = l S v are S^-1 B u, with u of the small problem B' S^-1 B u = l u.
    solved = scipy.linalg.solve(within, between, assume_a="pos", overwrite_a=True)
    eigenvalues, vectors = scipy.linalg.eigh(between.T @ solved)
    eigenvalues, vectors = eigenvalues[::-1][:n_outputs], vectors[:, ::-1][:, :n_outputs]
    is_significant = eigenvalues > EPSILON * eigenvalues[0]
    scale = np.where(is_significant, 1 / np.sqrt(np.where(is_significant, eigenvalues, 1)), 0)
    directions = solved @ (vectors * scale)
    return {"mean": mean.astype(np.float32), "directions": directions.astype(np.float32)}


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Project (n, D), less the mean, onto the directions: (n, min(classes - 1, D)) float32."""
    return (center(block) - state["mean"]) @ state["directions"]


def _class_deviations(inputs: FitInputs, mean: np.ndarray) -> np.ndarray:
    """Return each class's mean less the mean of all, times the root of its count: (D, classes) float64.

    This matrix times its transpose is the scatter between the classes. A class without images has zeros.
    """
    counts = np.zeros(inputs.n_classes, np.int64)
    sums = np.zeros((inputs.n_classes, inputs.n_inputs))
    for block, labels in inputs.iter_blocks():
        values = center(block)
        counts += np.bincount(labels, minlength=inputs.n_classes)
        for label in np.unique(labels):
            sums[label] += values[labels == label].sum(axis=0, dtype=np.float64)
    deviations = sums - counts[:, None] * mean
    return (deviations / np.sqrt(np.maximum(counts, 1))[:, None]).T
