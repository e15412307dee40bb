"""The models that the notebook's conclusions are about: found by what they say of themselves, never by their names."""

from typing import Any

from cifarbench.report.results import Model, Run

NEIGHBORS = "nearest neighbours"
PERCEPTRONS = "perceptrons"
CONVOLUTIONS = "convolutional networks"
PCA = "pca"
# The keys of the notebook's grid, as cv_results.csv has them.
N_COMPONENTS = "param_pca__n_components"
N_NEIGHBORS = "param_knn__n_neighbors"


def neighbors(run: Run) -> list[Model]:
    """The models that look for nearest neighbours."""
    return [model for model in run.models.values() if model.kind == NEIGHBORS]


def untuned_neighbors(run: Run) -> list[Model]:
    """Those of them that no grid search tuned."""
    return [model for model in neighbors(run) if not model.tuned]


def has_notebooks_grid(model: Model) -> bool:
    """Whether it was tuned over components and neighbours, as the notebook's was."""
    return model.tuned and {N_COMPONENTS, N_NEIGHBORS} <= model.grid[0].keys()


def perceptrons(run: Run) -> list[Model]:
    """The perceptrons on pixels."""
    return [model for model in run.models.values() if model.kind == PERCEPTRONS and on_pixels(model)]


def curves(run: Run) -> list[Model]:
    """Those of them whose course is known: a single epoch is none."""
    return [model for model in perceptrons(run) if len(model.history) > 1]


def plain_curve(run: Run) -> Model | None:
    """The first of these without batch norm and dropout."""
    plain = (
        model
        for model in curves(run)
        if not model.params.get("batch_norm") and not model.params.get("dropout")
    )
    return next(plain, None)


def dense(models: list[Model]) -> Model | None:
    """The first of some models whose weights can be counted: of known width, and all its parameters known."""
    return next(
        (model for model in models if "hidden_dim" in model.params and model.fit["n_parameters"]), None
    )


def weights_on_pixels(run: Run, model: Model) -> int:
    """How many weights a perceptron has in its first layer, one a pixel value and hidden unit."""
    return run.n_features * model.params["hidden_dim"]


def on_pixels(model: Model) -> bool:
    """Whether it looks at pixels as they are."""
    return not model.features


def components(model: Model) -> dict[str, Any]:
    """The parameters of the principal components of pixels that it looks at; empty if it looks at anything else."""
    return model.features[0]["params"] if [one["kind"] for one in model.features] == [PCA] else {}


def dimensions(run: Run, model: Model) -> int | None:
    """How many values of an image it looks at; None where its features don't tell."""
    return run.n_features if on_pixels(model) else components(model).get("n_components")
