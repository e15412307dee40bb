"""Principal components: all of them are fitted at once, from moments that add up over parts of the images.

Where there are fewer images than values, from the images themselves.
"""

from collections.abc import Iterator

import numpy as np

from cifarbench.features.components import PrincipalComponents
from cifarbench.features.inputs import Inputs, State
from cifarbench.study.family import BOOLEAN, COUNT, Entry, FeatureKind, Parameter, Setting


def _impossible(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    components = entry["n_components"]
    if setting.n_inputs is not None and components > setting.n_inputs:
        what = "pixel values" if setting.n_inputs == np.prod(setting.image_shape) else "values"
        yield f"{key}.n_components is {components}; it must be at most {setting.n_inputs}, the number of {what}."
    elif components > setting.n_train:
        yield (
            f"{key}.n_components is {components}; it must be at most {setting.n_train}, {setting.n_train_is}."
        )


KIND = FeatureKind(
    "pca",
    {
        "n_components": Parameter(
            COUNT,
            "components that are kept, those of the largest variance first",
            "1 to the number of values",
        ),
        "scale": Parameter(
            BOOLEAN,
            "each value divided by its standard deviation before",
            "`true`, `false`",
            required=False,
            default=False,
        ),
    },
    # The first n of all components are those of a PCA(n).
    fit_keys=("scale",),
    uses_moments=True,
    n_outputs=lambda entry, setting: entry["n_components"],
    impossible=_impossible,
)


def fit(inputs: Inputs, params: Entry) -> State:
    """All components, whatever `n_components` says."""
    if len(inputs.rows) < inputs.n_inputs:
        return PrincipalComponents.of_few(inputs.values[inputs.rows], params["scale"]).arrays()
    return PrincipalComponents.fit(inputs.moments, params["scale"]).arrays()


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """Project (n, D) onto the first components: (n, n_components) float32."""
    return PrincipalComponents(**state).transform(block, params["n_components"])


def stored_bytes(state: State, params: Entry) -> int:
    """What `transform` needs of the state: the first components."""
    return state["mean"].nbytes + state["scale"].nbytes + state["components"][: params["n_components"]].nbytes
