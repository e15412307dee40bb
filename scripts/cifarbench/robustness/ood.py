"""Out-of-distribution (OOD) images, and the AUROC of confidence on them."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

# Pixels along a side of a texture's tile, before it is scaled.
TILE_SIZE = 32


def load_ood_images(image_shape: tuple[int, int, int], dataset_type: str) -> dict[str, np.ndarray]:
    """Return OOD images from installed packages, scaled to a dataset's shape: name -> (M, C*H*W) uint8.

    `textures`: tiles of three photographs of scikit-image (brick, grass, gravel). `digits`: scikit-learn's handwritten
    digits. dataset_type: type of the dataset itself; images of that type are left out.
    """
    loaders = {"textures": _load_textures, "digits": _load_digits}
    return {name: _resize(load(), image_shape) for name, load in loaders.items() if name != dataset_type}


def auroc_of_confidence(proba: np.ndarray, ood_proba: np.ndarray) -> float:
    """Return the area under the ROC curve that separates a dataset's images from OOD images by confidence.

    proba, ood_proba: (N, n_classes) and (M, n_classes). 1: all OOD predictions are less confident; 0.5: no separation.
    """
    confidence = np.concatenate([proba.max(axis=1), ood_proba.max(axis=1)])
    return float(roc_auc_score(np.arange(len(confidence)) < len(proba), confidence.round(6)))


def _load_textures() -> list[np.ndarray]:
    from skimage import data

    return [
        photograph[top : top + TILE_SIZE, left : left + TILE_SIZE]
        for photograph in (data.brick(), data.grass(), data.gravel())
        for top in range(0, photograph.shape[0] - TILE_SIZE + 1, TILE_SIZE)
        for left in range(0, photograph.shape[1] - TILE_SIZE + 1, TILE_SIZE)
    ]


def _load_digits() -> list[np.ndarray]:
    return [*(load_digits().images * 15.9).astype(np.uint8)]


def _resize(images: list[np.ndarray], image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return grey images (h, w) uint8, resized and repeated for each channel, as rows (M, C*H*W)."""
    channels, height, width = image_shape
    resized = [Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR) for image in images]
    return np.stack([np.tile(np.asarray(image).ravel(), channels) for image in resized])
