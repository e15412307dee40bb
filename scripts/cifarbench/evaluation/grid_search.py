"""Grid search, from the scores of its cells."""

from itertools import product
from typing import Any

import numpy as np

Candidate = dict[str, Any]


def parameter_grid(grid: dict[str, list]) -> list[Candidate]:
    """Every combination of a grid's values, in GridSearchCV's order: keys by name, the last one varying fastest."""
    # As scikit-learn's ParameterGrid, whose import takes twenty times as long as a choice.
    return [
        dict(zip(sorted(grid), values, strict=True))
        for values in product(*(grid[key] for key in sorted(grid)))
    ]


def build_cv_results(tried: list[Candidate], scores: np.ndarray, names: dict[str, str]) -> dict[str, list]:
    """The columns of scikit-learn's `cv_results_` but for its times, one entry a candidate.

    tried: the candidates, in GridSearchCV's order. scores: (candidates, folds). names: key of the grid -> the
    parameter's name, as the pipeline's own would be (`pca__n_components`).
    """
    means = scores.mean(axis=1)
    columns: dict[str, list] = {
        f"param_{names[key]}": [one[key] for one in tried] for key in sorted(names, key=names.get)
    }
    for fold, column in enumerate(scores.T):
        columns[f"split{fold}_test_score"] = column.tolist()
    columns["mean_test_score"] = means.tolist()
    columns["std_test_score"] = scores.std(axis=1).tolist()
    columns["rank_test_score"] = ((means[:, None] < means).sum(axis=1) + 1).tolist()
    return columns


def select_best(tried: list[Candidate], results: dict[str, list]) -> Candidate:
    """The one ranked first, and of equals the one that stands first, as GridSearchCV chooses."""
    return tried[results["rank_test_score"].index(1)]
