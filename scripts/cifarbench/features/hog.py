"""Histograms of oriented gradients, by scikit-image.

Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005.
"""

from collections.abc import Iterator
from math import prod

import numpy as np

from cifarbench.features.fit_inputs import State, scale_pixels, to_nchw
from cifarbench.planning.model_family import DataShape, Entry, FeatureType, ImageShape, read_parameters


def _blocks(entry: Entry, image_shape: ImageShape) -> tuple[int, ...]:
    """Return the number of blocks down and across; 0 or less if none fits."""
    return tuple(side // entry["pixels_per_cell"] - entry["cells_per_block"] + 1 for side in image_shape[1:])


def _n_outputs(entry: Entry, data: DataShape) -> int:
    return prod(_blocks(entry, data.image_shape)) * entry["cells_per_block"] ** 2 * entry["orientations"]


def _check_data(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    yield from data.mirror_errors(key, entry, "mirror")
    if min(_blocks(entry, data.image_shape)) >= 1:
        return
    cell, block, (_, height, width) = entry["pixels_per_cell"], entry["cells_per_block"], data.image_shape
    max_cell = min(height, width) // block
    remedy = f"it must be at most {max_cell}" if max_cell else "choose a smaller cells_per_block"
    yield (
        f"{key}.pixels_per_cell is {cell}; {remedy}, so that a block of {block} x {block} cells fits in an image of "
        f"{height} x {width} pixels."
    )


FEATURE_TYPE = FeatureType(
    "hog",
    read_parameters("hog", "mirrored"),
    is_fitted=False,
    from_pixels=True,
    n_outputs=_n_outputs,
    check_data=_check_data,
)


def transform(block: np.ndarray, state: State, params: Entry, image_shape: ImageShape) -> np.ndarray:
    """Return histograms of the mean of the channels: (n, blocks * cells_per_block**2 * orientations) float32."""
    from skimage.feature import hog

    cell, cells_per_block = (params["pixels_per_cell"],) * 2, (params["cells_per_block"],) * 2
    gray = to_nchw(scale_pixels(block), image_shape).mean(axis=1)
    histograms = [hog(image, params["orientations"], cell, cells_per_block) for image in gray]
    return np.array(histograms, np.float32)
