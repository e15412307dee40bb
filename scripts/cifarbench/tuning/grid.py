"""Grid search over numbers of components and neighbours, from the scores of its cells."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from cifarbench.features.components import PrincipalComponents
from cifarbench.neighbors.search import correct_by_neighbors, nearest


@dataclass(frozen=True)
class Cell:
    """One fold and one number of components: how many of `validation` images each number of neighbours gets right.

    correct: for 1, 2, … K neighbours.
    """

    correct: list[int]
    validation: int

    def score(self, n_neighbors: int) -> float:
        """Accuracy on the fold's validation images."""
        return self.correct[n_neighbors - 1] / self.validation


def score_cell(
    images: np.ndarray,
    labels: np.ndarray,
    validation: np.ndarray,
    components: PrincipalComponents,
    n_components: int,
    max_neighbors: int,
    threads: int,
) -> Cell:
    """Search the neighbours of the fold's validation images among its training images.

    images: (N, D) uint8. labels: (N,) int. validation: (N,) bool, the images left out. components: fitted
    on the other images.
    """
    features = components.transform(images, n_components)
    train_labels = labels[~validation]
    neighbors = nearest(features[~validation], features[validation], max_neighbors, threads)
    return Cell(
        correct_by_neighbors(train_labels[neighbors], labels[validation]).tolist(), int(validation.sum())
    )


def cv_results(
    cells: dict[tuple[int, int], Cell], n_components: list[int], n_neighbors: list[int], n_folds: int
) -> dict[str, list]:
    """The columns of scikit-learn's `cv_results_` but for its times, one entry a pair in GridSearchCV's order.

    cells: by (n_components, fold).
    """
    pairs = list(product(n_neighbors, n_components))
    # GridSearchCV sorts parameters by name, knn__n_neighbors before pca__n_components; the last varies fastest.
    scores = np.array([[cells[c, fold].score(k) for fold in range(n_folds)] for k, c in pairs])
    means = scores.mean(axis=1)
    columns: dict[str, list] = {
        "param_knn__n_neighbors": [k for k, _ in pairs],
        "param_pca__n_components": [c for _, c in pairs],
    }
    for fold in range(n_folds):
        columns[f"split{fold}_test_score"] = scores[:, fold].tolist()
    columns["mean_test_score"] = means.tolist()
    columns["std_test_score"] = scores.std(axis=1).tolist()
    columns["rank_test_score"] = ((means[:, None] < means).sum(axis=1) + 1).tolist()
    return columns


def best_pair(results: dict[str, list]) -> dict[str, int]:
    """The pair ranked first, and of equals the one that stands first, as GridSearchCV chooses."""
    best = results["rank_test_score"].index(1)
    return {
        "n_components": results["param_pca__n_components"][best],
        "n_neighbors": results["param_knn__n_neighbors"][best],
    }
