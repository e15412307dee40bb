"""Responses to small filters that are made of patches of training images, pooled over regions of the image.

After Coates and Ng, The importance of encoding versus training with sparse coding and vector quantization, ICML 2011.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cifarbench.features.inputs import BLOCK_ROWS, Inputs, State, as_float, as_images
from cifarbench.study.family import COUNT, Entry, FeatureKind, Parameter, Setting
from cifarbench.study.files import read_arrays

# Added to the variance of a patch, of values in [-1, 1): the paper's 10 for values of 0 to 255.
CONTRAST = 10 / 128**2
# Added to the variance of each component of normalised patches.
WHITENING = 0.1
# Patches that filters and whitening are learned from; fewer if they are large.
SAMPLES, SAMPLED_VALUES = 50_000, 2**25
# Positions that are multiplied with all filters at once, so that their responses stay in the processor's cache.
POSITIONS = 1024


def _impossible(key: str, entry: Entry, setting: Setting) -> Iterator[str]:
    size, pooling, (_, height, width) = entry["size"], entry["pooling"], setting.image_shape
    positions = min(height, width) - size + 1
    if positions < 1:
        yield (
            f"{key}.size is {size}; it must be at most {min(height, width)}, since images have {height} x {width} "
            "pixels."
        )
    elif setting.image_shape[0] * size == 1:
        yield f"{key}.size is 1; it must be at least 2, since a single value has no contrast."
    elif pooling > positions:
        yield (
            f"{key}.pooling is {pooling}; it must be at most {positions}, the positions of a patch of {size} x {size} "
            f"along a side of images of {height} x {width} pixels."
        )


KIND = FeatureKind(
    "patches",
    {
        "n_patches": Parameter(
            {"type": "integer", "minimum": 1, "maximum": 10000},
            "filters",
            "1 to 10000",
            required=False,
            default=400,
        ),
        "size": Parameter(
            COUNT,
            "height and width of a filter in pixels",
            "1 to the image's size",
            required=False,
            default=6,
        ),
        "method": Parameter(
            {"enum": ["kmeans", "random"]},
            "what the filters are: centres of clusters of patches of training images, or random ones of them",
            "`kmeans`, `random`",
            required=False,
            default="kmeans",
        ),
        "threshold": Parameter(
            {"type": "number", "minimum": 0, "maximum": 1000},
            "what is taken off each response; below it counts as 0",
            "0 to 1000",
            required=False,
            default=0.25,
        ),
        "pooling": Parameter(
            COUNT,
            "regions down and across; responses are averaged over each",
            "1 to the number of a filter's positions along a side",
            required=False,
            default=2,
        ),
    },
    fit_keys=("n_patches", "size", "method"),
    seeded=True,
    from_pixels=True,
    filters="features.patches",
    n_outputs=lambda entry, setting: 2 * entry["n_patches"] * entry["pooling"] ** 2,
    impossible=_impossible,
)


def fit(inputs: Inputs, params: Entry) -> State:
    """filters: (n_patches, C*size*size) float32. offsets: (n_patches,) float32.

    The response to a patch, normalised as `_normalise` does, is its product with the filter less the offset: the same
    as that of the whitened patch with a patch of unit length.
    """
    random = np.random.default_rng(inputs.seed)
    patches = _sample(inputs, params, random)
    mean = patches.mean(axis=1, dtype=np.float64).astype(np.float32)[:, None]
    patches -= mean
    variances, vectors = np.linalg.eigh(np.cov(patches, dtype=np.float64))
    whitening = ((vectors / np.sqrt(np.maximum(variances, 0) + WHITENING)) @ vectors.T).astype(np.float32)
    whitened = (whitening @ patches).T
    if params["method"] == "kmeans":
        from sklearn.cluster import MiniBatchKMeans

        found = MiniBatchKMeans(params["n_patches"], batch_size=4096, n_init=1, random_state=inputs.seed)
        chosen = found.fit(whitened).cluster_centers_
    else:
        chosen = whitened[random.choice(len(whitened), params["n_patches"], replace=False)]
    chosen = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-6)
    filters = chosen @ whitening
    return {"filters": filters, "offsets": (filters @ mean)[:, 0]}


def transform(
    block: np.ndarray, state: State, params: Entry, image_shape: tuple[int, int, int]
) -> np.ndarray:
    """Mean responses above the threshold, then those below its negative: (n, 2*n_patches*pooling**2) float32.

    Each by filter, then by region. A few images at a time, whatever the size of the block.
    """
    n_patches, threshold = len(state["filters"]), np.float32(params["threshold"])
    down, across = (side - params["size"] + 1 for side in image_shape[1:])
    regions = _regions(down, across, params["pooling"])
    # One product gives responses less the threshold: a row of ones below the patches brings in what is taken off.
    filters = np.column_stack([state["filters"], -state["offsets"] - threshold])
    images = as_images(block, image_shape)
    features = np.empty((len(block), 2, n_patches, regions.shape[1]), np.float32)
    step = max(1, POSITIONS // (down * across))
    for start in range(0, len(block), step):
        few = images[start : start + step]
        patches = np.ones((filters.shape[1], len(few) * down * across), np.float32)
        windows = _windows(few, params["size"]).transpose(1, 4, 5, 0, 2, 3)
        patches[:-1].reshape(windows.shape)[...] = windows
        _normalise(patches[:-1])
        responses = (filters @ patches).reshape(n_patches * len(few), -1)
        above = np.maximum(responses, 0) @ regions
        responses += 2 * threshold
        below = np.minimum(responses, 0, out=responses) @ -regions
        pooled = np.stack([above, below]).reshape(2, n_patches, len(few), -1)
        features[start : start + step] = pooled.transpose(2, 0, 1, 3)
    return features.reshape(len(block), -1)


def filters(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The filters of a fit as images: (n_patches, C, size, size) float32."""
    found, channels = read_arrays(path)["filters"], image_shape[0]
    size = math.isqrt(found.shape[1] // channels)
    return found.reshape(-1, channels, size, size)


def _sample(inputs: Inputs, params: Entry, random: np.random.Generator) -> np.ndarray:
    """Normalised patches from random places of random images, (C*size*size, samples) float32."""
    n_values = inputs.image_shape[0] * params["size"] ** 2
    count = max(params["n_patches"], min(SAMPLES, SAMPLED_VALUES // n_values))
    # In the order of the file, which is read once.
    rows = np.sort(random.choice(inputs.rows, count))
    patches = np.empty((count, n_values), np.float32)
    for start in range(0, count, BLOCK_ROWS):
        images = as_images(inputs.values[rows[start : start + BLOCK_ROWS]], inputs.image_shape)
        windows = _windows(images, params["size"])
        down, across = (random.integers(places, size=len(images)) for places in windows.shape[2:4])
        chosen = windows[np.arange(len(images)), :, down, across]
        patches[start : start + BLOCK_ROWS] = chosen.reshape(len(images), -1)
    patches = np.ascontiguousarray(patches.T)
    _normalise(patches)
    return patches


def _windows(images: np.ndarray, size: int) -> np.ndarray:
    """Every patch of images (n, C, H, W) uint8, a view: (n, C, down, across, size, size) float32 in [-1, 1)."""
    return np.lib.stride_tricks.sliding_window_view(as_float(images), (size, size), axis=(2, 3))


def _normalise(patches: np.ndarray) -> None:
    """Take its mean off each patch, a column, and divide it by its standard deviation, in place."""
    patches -= patches.mean(axis=0)
    patches /= np.sqrt(np.square(patches).mean(axis=0) + np.float32(CONTRAST))


def _regions(down: int, across: int, pooling: int) -> np.ndarray:
    """What averages over regions by a product: (positions, pooling**2) float32, columns that sum to 1."""
    row, column = (np.arange(places) * pooling // places for places in (down, across))
    region = (row[:, None] * pooling + column).ravel()
    members = (region[:, None] == np.arange(pooling**2)).astype(np.float32)
    return members / members.sum(axis=0)
