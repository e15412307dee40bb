"""Responses to filters learned from patches of training images, pooled over regions of the image.

Coates and Ng, The importance of encoding versus training with sparse coding and vector quantization, ICML 2011.
"""

import math
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cifarbench.features.fit_inputs import BLOCK_ROWS, FitInputs, State, scale_pixels, to_nchw
from cifarbench.io.atomic import load_npz
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters

if TYPE_CHECKING:
    import torch

# Added to the variance of a patch with values in [-1, 1): the paper's 10 for values of 0 to 255.
CONTRAST = 10 / 128**2
# Added to the variance of each component of normalised patches.
WHITENING = 0.1
# Largest number of patches, and of their values, that filters and whitening are fitted to.
N_SAMPLED_IMAGES, SAMPLED_VALUES = 50_000, 2**25
# Positions whose patches are in memory at once, and their responses, which stay in the processor's cache.
POSITIONS, RESPONSES = 800, 2**17
# Filters are multiplied in multiples of this, the float32 values of the widest register.
SIMD_WIDTH = 16


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from data.mirror_errors(key, entry, "mirror")
    size, pooling, (_, height, width) = entry["patch_size"], entry["n_pool"], data.image_shape
    positions = count_positions(min(height, width), size, entry["stride"])
    if size > min(height, width):
        yield (
            f"{key}.patch_size is {size}; it must be at most {min(height, width)}, since images have "
            f"{height} x {width} pixels."
        )
    elif data.image_shape[0] * size == 1:
        yield f"{key}.patch_size is 1; it must be at least 2, since a single value has no contrast."
    elif pooling > positions:
        yield (
            f"{key}.n_pool is {pooling}; it must be at most {positions}, the positions of a patch of {size} x {size} "
            f"along a side of images of {height} x {width} pixels, {entry['stride']} apart."
        )


FEATURE_TYPE = FeatureType(
    "patches",
    read_parameters("patches", "mirrored"),
    fit_keys=("n_patches", "patch_size", "method"),
    is_seeded=True,
    from_pixels=True,
    filters="features.patches",
    n_outputs=lambda entry, data: 2 * entry["n_patches"] * entry["n_pool"] ** 2,
    check_data=_check_data,
)


def fit(inputs: FitInputs, params: Entry) -> State:
    """Return `filters` (n_patches, C*size*size) float32 and `offsets` (n_patches,) float32.

    The response to a normalised patch is its product with the filter less the offset, which equals the product of the
    whitened patch with a patch of unit length.
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

        kmeans = MiniBatchKMeans(params["n_patches"], batch_size=4096, n_init=1, random_state=inputs.seed)
        centroids = kmeans.fit(whitened).cluster_centers_
    else:
        centroids = whitened[random.choice(len(whitened), params["n_patches"], replace=False)]
    centroids = centroids / np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-6)
    filters = centroids @ whitening
    return {"filters": filters, "offsets": (filters @ mean)[:, 0]}


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Return mean responses above the threshold, then those below its negative: (n, 2*n_patches*pooling**2) float32.

    Both are raised to the power and ordered by filter, then by region.
    """
    import torch

    size, stride, threshold = params["patch_size"], params["stride"], params["soft_threshold"]
    pooling, n_patches = params["n_pool"], len(state["filters"])
    rows, columns = (pooling_slices(count_positions(side, size, stride), pooling) for side in image_shape[1:])
    # A filter less its mean ignores a patch's mean. A row of ones below the patches adds the offsets, so that one
    # product gives responses less the threshold.
    filters = state["filters"] - state["filters"].mean(axis=1, keepdims=True)
    filters = np.vstack([filters.T, -state["offsets"] - threshold])
    # The first region is the largest, and starts at 0.
    largest = rows[0].stop * columns[0].stop
    step = max(1, POSITIONS // largest)
    largest *= step
    # Allocated once, because new memory would have to be mapped for each block.
    patches = np.empty(len(filters) * largest, np.float32)
    responses = torch.empty(max(RESPONSES, SIMD_WIDTH * largest))
    features = np.empty((len(block), 2, n_patches, pooling**2), np.float32)
    for start in range(0, len(block), step):
        images = to_nchw(scale_pixels(block[start : start + step]), image_shape)
        scales = _scales(images, size)[:, ::stride, ::stride]
        windows = _windows(images, size)[:, :, ::stride, ::stride].transpose(1, 4, 5, 0, 2, 3)
        for region, (down, across) in enumerate(product(rows, columns)):
            region_windows, scale = windows[..., down, across], scales[:, down, across].ravel()
            region_patches = patches[: len(filters) * len(scale)].reshape(len(filters), -1)
            region_patches[:-1].reshape(region_windows.shape)[...] = region_windows
            region_patches[:-1] *= scale
            region_patches[-1] = 1
            pooled = _pool(region_patches, filters, threshold, len(scale) // len(images), responses)
            features[start : start + step, ..., region] = pooled
    features **= params["power"]
    return features.reshape(len(block), -1)


def _pool(
    patches: np.ndarray, filters: np.ndarray, threshold: float, n_positions: int, responses: "torch.Tensor"
) -> np.ndarray:
    """Return mean responses in one region, (n, 2, n_patches), of `n_positions` positions in each of n images.

    patches: (values + 1, n * n_positions), the last row ones. filters: (values + 1, n_patches). responses: memory for
    a few filters at a time.
    """
    import torch

    n_patches, n_columns = filters.shape[1], patches.shape[1]
    mean = np.full(n_positions, 1 / n_positions, np.float32)
    pooled = np.empty((n_columns // n_positions, 2, n_patches), np.float32)
    step = max(1, len(responses) // n_columns // SIMD_WIDTH * SIMD_WIDTH)
    columns = torch.from_numpy(patches).t()
    for start in range(0, n_patches, step):
        chunk = slice(start, start + step)
        chunk_filters = torch.from_numpy(filters[:, chunk])
        product = responses[: n_columns * chunk_filters.shape[1]].view(n_columns, -1)
        by_image = product.numpy().reshape(-1, n_positions, chunk_filters.shape[1])
        # PyTorch multiplies these shapes a tenth faster than NumPy, and clips in half the time.
        torch.mm(columns, chunk_filters, out=product)
        unclipped = mean @ by_image
        # With r for a response less the threshold t, max(-r - 2t, 0) = max(r, -2t) - r.
        product.clamp_min_(-2 * threshold)
        pooled[:, 1, chunk] = mean @ by_image - unclipped
        product.clamp_min_(0)
        pooled[:, 0, chunk] = mean @ by_image
    # The difference may be a rounding error below 0.
    return np.maximum(pooled, 0, out=pooled)


def load_filters(path: Path, image_shape: ImageShape) -> np.ndarray:
    """Read the filters of a fit as images: (n_patches, C, size, size) float32."""
    filters, channels = load_npz(path)["filters"], image_shape[0]
    size = math.isqrt(filters.shape[1] // channels)
    return filters.reshape(-1, channels, size, size)


def _sample(inputs: FitInputs, params: Entry, random: np.random.Generator) -> np.ndarray:
    """Sample normalised patches at random positions of random images: (C*size*size, samples) float32."""
    n_values = inputs.image_shape[0] * params["patch_size"] ** 2
    count = max(params["n_patches"], min(N_SAMPLED_IMAGES, SAMPLED_VALUES // n_values))
    # Sorted, so that the file is read once, in order.
    rows = np.sort(random.choice(inputs.rows, count))
    patches = np.empty((count, n_values), np.float32)
    for start in range(0, count, BLOCK_ROWS):
        images = to_nchw(inputs.values[rows[start : start + BLOCK_ROWS]], inputs.image_shape)
        windows = _windows(images, params["patch_size"])
        down, across = (random.integers(n, size=len(images)) for n in windows.shape[2:4])
        sampled = windows[np.arange(len(images)), :, down, across]
        patches[start : start + BLOCK_ROWS] = sampled.reshape(len(images), -1)
    patches = np.ascontiguousarray(patches.T)
    _normalise(patches)
    return patches


def _windows(images: np.ndarray, size: int) -> np.ndarray:
    """Return every patch of images (n, C, H, W), a view: (n, C, down, across, size, size) float32 in [-1, 1)."""
    return np.lib.stride_tricks.sliding_window_view(scale_pixels(images), (size, size), axis=(2, 3))


def _normalise(patches: np.ndarray) -> None:
    """Subtract its mean from each patch, a column, and divide it by its standard deviation, in place."""
    patches -= patches.mean(axis=0)
    patches /= np.sqrt(np.square(patches).mean(axis=0) + np.float32(CONTRAST))


def _scales(images: np.ndarray, size: int) -> np.ndarray:
    """Return the factors by which `_normalise` scales patches: (n, down, across) float32, for images (n, C, H, W)."""
    values, n_values = images.astype(np.float64), images.shape[1] * size**2
    means = _sums(values.sum(axis=1), size) / n_values
    variances = _sums(np.square(values, out=values).sum(axis=1), size) / n_values - np.square(means)
    return (1 / np.sqrt(variances + CONTRAST)).astype(np.float32)


def _sums(values: np.ndarray, size: int) -> np.ndarray:
    """Return the sums over every square of size x size: (n, H, W) to (n, down, across)."""
    down, across = (side - size + 1 for side in values.shape[1:])
    zero = np.zeros((), values.dtype)
    values = sum((values[:, start : start + down] for start in range(size)), zero)
    return sum((values[:, :, start : start + across] for start in range(size)), zero)


def count_positions(side: int, size: int, stride: int) -> int:
    """Return the number of positions of a patch along a side."""
    return (side - size) // stride + 1


def pooling_slices(positions: int, pooling: int) -> list[slice]:
    """Return slices that divide the positions along a side into `pooling` parts; none is larger than the first."""
    stops = [-(-part * positions // pooling) for part in range(pooling + 1)]
    return [slice(start, stop) for start, stop in pairwise(stops)]
