"""Principal components, exact and all of them, so that another number of components needs no new fit."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from cifarbench.features.moments import Moments, centred

CHUNK_ROWS = 1024


@dataclass(frozen=True)
class PrincipalComponents:
    """All components of images of D pixel values, the largest variance first; the first C are a PCA(C).

    mean: (D,) float32 of the pixel values. scale: (D,) float32, what each is divided by (1 without scaling).
    components: (D, D) float32, orthonormal rows. variances: (D,) float32, as `explained_variance_`.
    """

    mean: np.ndarray
    scale: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    middle: np.ndarray

    @classmethod
    def fit(cls, moments: Moments, scaled: bool) -> Self:
        """What StandardScaler (if `scaled`) and PCA(svd_solver="covariance_eigh") find, from the moments alone.

        A pixel that never varies is divided by 1, as StandardScaler does.
        """
        # Only fitting needs it, and importing it takes longer than a small transformation.
        import scipy.linalg

        covariance = moments.covariance()
        scale = np.ones(len(covariance))
        if scaled:
            scale = np.sqrt(moments.variance)
            scale[scale == 0] = 1
            covariance /= scale
            covariance /= scale[:, None]
        variances, vectors = scipy.linalg.eigh(
            covariance.astype(np.float32), driver="evd", overwrite_a=True, check_finite=False
        )
        return cls(
            moments.mean.astype(np.float32),
            scale.astype(np.float32),
            np.ascontiguousarray(vectors[:, ::-1].T),
            np.maximum(variances[::-1], 0),
            np.float32(moments.middle),
        )

    def transform(self, images: np.ndarray, n_components: int) -> np.ndarray:
        """Project `images` (N, D), pixels or features, onto the first components: (N, n_components) float32."""
        basis = (self.components[:n_components] / self.scale).T
        origin = (self.mean - self.middle) @ basis
        features = np.empty((len(images), n_components), np.float32)
        for start in range(0, len(images), CHUNK_ROWS):
            stop = start + CHUNK_ROWS
            np.matmul(centred(images[start:stop]), basis, out=features[start:stop])
        features -= origin
        return features

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is known, by name, as the constructor takes it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
