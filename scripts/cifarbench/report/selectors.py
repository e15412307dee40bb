"""Selections of models by their properties, never by their names."""

import math
from typing import Any

from cifarbench.report.results import ModelResult, Results

KNN = "nearest neighbours"
MLP = "perceptrons"
CONVNET = "convolutional networks"
# Columns of cv_results.csv for the grid of the reference notebook.
N_COMPONENTS = "param_pca__n_components"
N_NEIGHBORS = "param_knn__n_neighbors"

ModelPair = tuple[ModelResult, ModelResult]


def pca_params(model: ModelResult) -> dict[str, Any]:
    """Return the parameters of its PCA of pixels; empty for any other features."""
    return model.features[0]["params"] if [step["type"] for step in model.features] == ["pca"] else {}


def is_tuned_on_reference_grid(model: ModelResult) -> bool:
    """Return whether a model was tuned on a grid of PCA components and neighbours, as in the reference notebook."""
    if not (model.tuned and pca_params(model) and {N_COMPONENTS, N_NEIGHBORS} <= model.grid[0].keys()):
        return False
    # A random search tries no full grid.
    columns = [column for column in model.grid[0] if column.startswith("param_")]
    return math.prod(len({row[column] for row in model.grid}) for column in columns) == len(model.grid)


def input_dim(results: Results, model: ModelResult) -> int | None:
    """Return the input dimension of its classifier; None where the features don't declare it."""
    return pca_params(model).get("n_components") if model.features else results.n_pixels


def knn_models(results: Results) -> list[ModelResult]:
    """Return the k-nearest-neighbour models."""
    return [model for model in results.models.values() if model.kind == KNN]


def untuned_knn(results: Results) -> list[ModelResult]:
    """Return the k-nearest-neighbour models without a grid search."""
    return [model for model in knn_models(results) if not model.tuned]


def mlp_models(results: Results) -> list[ModelResult]:
    """Return the perceptrons on pixels."""
    return [model for model in results.models.values() if model.kind == MLP and not model.features]


def first_mlp(results: Results, **expected: bool) -> ModelResult | None:
    """Return the first perceptron with more than one epoch and with or without some parameters, such as dropout."""
    for model in mlp_models(results):
        on = {name: bool(model.params.get(name)) for name in expected}
        if len(model.history) > 1 and on == expected:
            return model
    return None


def knn_pair(
    results: Results, first: dict[str, str], second: dict[str, str], differ: tuple[str, ...]
) -> ModelPair | None:
    """Return two kNN of given properties that are equal in all others but those in `differ`."""
    described = [(model, _properties(model)) for model in knn_models(results)]
    for a, props_a in described:
        for b, props_b in described:
            rest_a, rest_b = ({**props, **dict.fromkeys(differ)} for props in (props_a, props_b))
            if first.items() <= props_a.items() and second.items() <= props_b.items() and rest_a == rest_b:
                return a, b
    return None


def _properties(model: ModelResult) -> dict[str, Any]:
    """Return inputs (pixels, pca, scaled pca or other), PCA, search (none, reference or other), and parameters."""
    pca = dict(pca_params(model))
    scaled = pca.pop("standardize", False)
    inputs = ("scaled pca" if scaled else "pca") if pca else "other" if model.features else "pixels"
    search = "reference" if is_tuned_on_reference_grid(model) else "other" if model.tuned else "none"
    return {**model.classifier_params, "inputs": inputs, "pca": pca, "search": search}


def better_features_and_pca(results: Results) -> ModelPair | None:
    """Return the best classical model on other features than pixels or PCA, and the best of its family on these."""
    classical = [model for model in results.ranking if not model.history and not model.pretrained]
    simple = [model for model in classical if not model.features or pca_params(model)]
    for better in classical:
        before = next((model for model in simple if model.kind == better.kind), None)
        if better not in simple and before:
            return better, before
    return None
