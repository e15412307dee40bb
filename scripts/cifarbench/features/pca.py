"""Principal components: all of them are fitted at once, from moments that add up over parts of the images.

Where there are fewer images than values, from the images themselves.
"""

from collections.abc import Iterator

import numpy as np

from cifarbench.features.fit_inputs import FitInputs, State
from cifarbench.features.pca_model import PrincipalComponents
from cifarbench.planning.model_family import BOOLEAN, COUNT, DataShape, Entry, FeatureType, Parameter


def _impossible(key: str, entry: Entry, setting: DataShape) -> Iterator[str]:
    components = entry["n_components"]
    if setting.n_inputs is not None and components > setting.n_inputs:
        what = "pixel values" if setting.n_inputs == np.prod(setting.image_shape) else "values"
        yield f"{key}.n_components is {components}; it must be at most {setting.n_inputs}, the number of {what}."
    elif components > setting.n_train:
        yield (
            f"{key}.n_components is {components}; it must be at most {setting.n_train}, {setting.n_train_label}."
        )


FEATURE_TYPE = FeatureType(
    "pca",
    {
        "n_components": Parameter(
            COUNT,
            "components that are kept, those of the largest variance first",
            "1 to the number of values",
        ),
        "standardize": Parameter(
            BOOLEAN, "each value divided by its standard deviation before", "`true`, `false`", default=False
        ),
    },
    # The first n of all components are those of a PCA(n).
    fit_keys=("standardize",),
    uses_covariance=True,
    n_outputs=lambda entry, setting: entry["n_components"],
    check_data=_impossible,
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """All components, whatever `n_components` says."""
    if len(inputs.rows) < inputs.n_inputs:
        return PrincipalComponents.fit_gram(inputs.values[inputs.rows], params["standardize"]).state_dict()
    return PrincipalComponents.fit(inputs.moments, params["standardize"]).state_dict()


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """Project (n, D) onto the first components: (n, n_components) float32."""
    return PrincipalComponents(**state).transform(block, params["n_components"])


def stored_bytes(state: State, params: Entry) -> int:
    """What `transform` needs of the state: the first components."""
    return state["mean"].nbytes + state["scale"].nbytes + state["components"][: params["n_components"]].nbytes
