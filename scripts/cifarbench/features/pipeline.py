"""Compute features from features, block by block."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cifarbench.features import get_module
from cifarbench.features.fit_inputs import BLOCK_ROWS, State, to_nchw
from cifarbench.io.memmap import release_pages
from cifarbench.planning.model_family import Entry, ImageShape
from cifarbench.runtime.threads import map_threaded


class FeatureStep(NamedTuple):
    """One step of a pipeline: the feature type, its parameters and its fitted state."""

    type: str
    params: Entry
    state: State

    def transform(self, block: np.ndarray, image_shape: ImageShape) -> np.ndarray:
        """Return the features of a block (n, D), pixels uint8 or float32: (n, outputs) float32.

        With `mirror`, they are the means of those of an image and of its mirror image. The mean of two linear scores is
        the score of the mean, so a linear classifier predicts by both views, and is fitted to what it predicts by.
        """
        transform = get_module(self.type).transform
        features = transform(block, self.state, self.params, image_shape)
        if self.params.get("mirror"):
            mirrored = np.ascontiguousarray(to_nchw(block, image_shape)[..., ::-1]).reshape(block.shape)
            features += transform(mirrored, self.state, self.params, image_shape)
            features /= 2
        return features

    def transform_blocks(
        self, values: np.ndarray, image_shape: ImageShape, threads: int = 1
    ) -> Iterator[np.ndarray]:
        """Yield the features of `values` (N, D), pixels uint8 or float32, BLOCK_ROWS rows at a time, float32."""

        def block(start: int, size: int = BLOCK_ROWS) -> np.ndarray:
            features = self.transform(values[start : start + size], image_shape)
            release_pages(values)
            return features

        if threads > 1:
            # Load libraries before threads limit them to one core each.
            block(0, 1)
        return map_threaded(block, range(0, len(values), BLOCK_ROWS), threads)


def apply_pipeline(steps: list[FeatureStep], values: np.ndarray, image_shape: ImageShape) -> np.ndarray:
    """Apply all steps to pixels (N, D) uint8: (N, outputs of the last) float32; the pixels if there are no steps."""
    for step in steps:
        values = np.concatenate(list(step.transform_blocks(values, image_shape)))
    return values
