"""Images of nothing that a model has learned, and whether it is less sure of them."""

import numpy as np
from PIL import Image

# Pixels along a side of a texture's piece, before it is scaled.
PATCH_SIZE = 32


def load_ood_images(image_shape: tuple[int, int, int], own_type: str) -> dict[str, np.ndarray]:
    """Images that come with packages, scaled to a dataset's shape: name -> (M, C*H*W) uint8.

    `textures`: pieces of three photographs, of bricks, grass and gravel, from scikit-image. `digits`: scikit-learn's
    handwriting. own_kind: the kind of the dataset itself, which is no stranger.
    """
    made = {"textures": _textures, "digits": _digits}
    return {name: _as_rows(make(), image_shape) for name, make in made.items() if name != own_type}


def auroc_of_confidence(own: np.ndarray, others: np.ndarray) -> float:
    """The area under the ROC curve of confidence, own images against others: 1 if all others are less sure, 0.5 blind.

    own, others: probabilities (N, n_classes) and (M, n_classes).
    """
    from sklearn.metrics import roc_auc_score

    confidence = np.concatenate([own.max(axis=1), others.max(axis=1)])
    return float(roc_auc_score(np.arange(len(confidence)) < len(own), confidence.round(6)))


def _textures() -> list[np.ndarray]:
    from skimage import data

    return [
        photograph[top : top + PATCH_SIZE, left : left + PATCH_SIZE]
        for photograph in (data.brick(), data.grass(), data.gravel())
        for top in range(0, photograph.shape[0] - PATCH_SIZE + 1, PATCH_SIZE)
        for left in range(0, photograph.shape[1] - PATCH_SIZE + 1, PATCH_SIZE)
    ]


def _digits() -> list[np.ndarray]:
    from sklearn.datasets import load_digits

    return [*(load_digits().images * 15.9).astype(np.uint8)]


def _as_rows(pictures: list[np.ndarray], image_shape: tuple[int, int, int]) -> np.ndarray:
    channels, height, width = image_shape
    scaled = [
        np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
        for picture in pictures
    ]
    return np.stack([np.repeat(one.reshape(1, -1), channels, axis=0).ravel() for one in scaled])
