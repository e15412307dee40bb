"""Cross-validated scores of the candidates of a grid or random search, and the best of them."""

from typing import Any

import numpy as np

from cifarbench.io.csv_io import Row

Candidate = dict[str, Any]
PREFIX = "param_"
# Plots and tables show this many candidates at most, the best ones.
MAX_SHOWN = 20


def build_cv_results(
    candidates: list[Candidate], scores: np.ndarray, names: dict[str, str], errors: list[str | None]
) -> dict[str, list[Any]]:
    """Return the columns of scikit-learn's `cv_results_` without its times, one entry per candidate.

    candidates: in GridSearchCV's order. scores: (n_candidates, n_folds), NaN where a fit failed; the mean is then NaN,
    too, and ranked last. names: key of the grid -> name of the parameter in a pipeline (`pca__n_components`). errors:
    the reason why a candidate failed, or None; the column `error` is left out if none failed.
    """
    means = scores.mean(axis=1)
    ranked = np.where(np.isnan(means), -np.inf, means)
    columns: dict[str, list[Any]] = {
        f"param_{names[key]}": [candidate[key] for candidate in candidates]
        for key in sorted(names, key=names.__getitem__)
    }
    for fold, column in enumerate(scores.T):
        columns[f"split{fold}_test_score"] = column.tolist()
    columns["mean_test_score"] = means.tolist()
    columns["std_test_score"] = scores.std(axis=1).tolist()
    columns["rank_test_score"] = ((ranked[:, None] < ranked).sum(axis=1) + 1).tolist()
    if any(errors):
        columns["error"] = errors
    return columns


def select_best(candidates: list[Candidate], results: dict[str, list[Any]]) -> Candidate:
    """Return the candidate of rank 1; of equals the first in the list, as GridSearchCV does."""
    return candidates[results["rank_test_score"].index(1)]


def param_names(results: list[Row]) -> dict[str, str]:
    """Return column of cv_results.csv -> name of its parameter, without the step of the pipeline where it is unique."""
    columns = [name for name in results[0] if name.startswith(PREFIX)] if results else []
    full = {column: column.removeprefix(PREFIX) for column in columns}
    short = {column: name.rpartition("__")[2] for column, name in full.items()}
    names = list(short.values())
    return {column: name if names.count(name) == 1 else full[column] for column, name in short.items()}


def sort_by_rank(results: list[Row]) -> list[Row]:
    """Return the candidates, the best first; ties keep their order."""
    return sorted(results, key=lambda row: row["rank_test_score"])


def format_value(value: Any) -> str:
    """Return a hyperparameter's value as YAML text."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def format_params(params: dict[str, Any]) -> str:
    """Return parameters as text: `C 1, kernel rbf`."""
    return ", ".join(f"{name} {format_value(value)}" for name, value in params.items())
