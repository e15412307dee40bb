"""Average the features of an image and of its mirror image: the option `mirror` of features of images.

The mean of two linear scores is the score of the mean, so a linear classifier of averaged features predicts by both
views, and is fitted to what it predicts by. Rows of both views would double the rows to fit to.
"""

from collections.abc import Iterator

import numpy as np

from cifarbench.features.fit_inputs import to_nchw
from cifarbench.planning.model_family import DataShape, Entry, ImageShape


def mirror_errors(key: str, entry: Entry, data: DataShape) -> Iterator[str]:
    """Yield a sentence if an entry averages over mirror images that show something else."""
    if entry.get("mirror") and not data.hflip_safe:
        yield (
            f"{key}.mirror is true; a mirrored image of this dataset shows something else (its hflip_safe is false): "
            "make it false."
        )


def mirror_images(block: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Return images (n, C*H*W), mirrored left to right, of the same shape and type."""
    return np.ascontiguousarray(to_nchw(block, image_shape)[..., ::-1]).reshape(block.shape)
