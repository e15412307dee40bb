"""The grid's cells against scikit-learn's GridSearchCV."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from cifarbench.data.parts import assign_folds
from cifarbench.features.components import PrincipalComponents
from cifarbench.features.moments import Moments
from cifarbench.study.errors import UserError
from cifarbench.tuning.grid import best_pair, cv_results, score_cell

COMPONENTS, NEIGHBORS, FOLDS = [4, 8, 16], [1, 5, 10], 3


def test_cv_results_are_those_of_grid_search_cv() -> None:
    digits = load_digits()
    images, labels = (digits.images.reshape(-1, 64) * 15).astype(np.uint8), digits.target
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("pca", PCA(svd_solver="covariance_eigh")),
            ("knn", KNeighborsClassifier(algorithm="brute")),
        ]
    )
    grid = {"pca__n_components": COMPONENTS, "knn__n_neighbors": NEIGHBORS}
    theirs = GridSearchCV(pipeline, grid, cv=FOLDS).fit(images.astype(np.float64), labels)

    folds = assign_folds(labels, FOLDS)
    everything, cells = Moments.of(images), {}
    for fold in range(FOLDS):
        validation = folds == fold
        left_out = Moments.of(images, np.flatnonzero(validation))
        components = PrincipalComponents.fit(everything - left_out, True)
        for n in COMPONENTS:
            cells[n, fold] = score_cell(images, labels, validation, components, n, max(NEIGHBORS), threads=1)
    ours = cv_results(cells, COMPONENTS, NEIGHBORS, FOLDS)

    for name, column in ours.items():
        np.testing.assert_allclose(
            column, np.asarray(theirs.cv_results_[name], float), rtol=1e-12, err_msg=name
        )
    best = {f"pca__{k}" if k == "n_components" else f"knn__{k}": v for k, v in best_pair(ours).items()}
    assert best == theirs.best_params_


def test_a_class_with_fewer_images_than_folds_is_refused() -> None:
    with pytest.raises(UserError, match="folds is 3, but a class has only 2 training images"):
        assign_folds(np.array([0, 0, 0, 0, 1, 1]), 3)
