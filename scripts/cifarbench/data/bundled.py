"""Small sets of images made of what comes with scikit-image, so that several can be compared with nothing to download.

Written as one .npz, in MedMNIST's layout.

- `textures`: pieces of three photographs, of bricks, grass and gravel (CC0). Test images are cut from the lower quarter
  of each, training images from the rest, so that they are neighbours along one line at most.
- `faces`: 200 pictures of 25 x 25 from "Labelled faces in the wild" (G. Huang et al. 2007) and its backgrounds.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from skimage import data
from sklearn.model_selection import train_test_split

from cifarbench.data.medmnist import CLASSES
from cifarbench.io.atomic import atomic_write

# Pixels along a side of a texture's piece.
PATCH_SIZE = 16
# Of a photograph's rows of pieces, these are for testing.
TEST_SHARE = 0.25
N_TEST_FACES = 40

Splits = dict[str, np.ndarray]


def write_bundled_dataset(kind: str, path: Path) -> None:
    """Write the images of a kind to `path`. The bytes are the same each time."""
    parts = {"textures": _textures, "faces": _faces}[kind]()
    with atomic_write(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in parts.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0))
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)


def _textures() -> Splits:
    images: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    labels: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    for label, name in enumerate(CLASSES["textures"]):
        photograph = getattr(data, name)()
        rows, columns = (side // PATCH_SIZE for side in photograph.shape)
        pieces = (
            photograph[: rows * PATCH_SIZE, : columns * PATCH_SIZE]
            .reshape(rows, PATCH_SIZE, columns, PATCH_SIZE)
            .swapaxes(1, 2)
        )
        n_test = int(rows * TEST_SHARE)
        for part, some in (("train", pieces[: rows - n_test]), ("test", pieces[rows - n_test :])):
            images[part].append(some.reshape(-1, PATCH_SIZE, PATCH_SIZE))
            labels[part].append(np.full((images[part][-1].shape[0], 1), label, np.uint8))
    return {
        f"{part}_{what}": np.concatenate(found[part])
        for part in images
        for what, found in (("images", images), ("labels", labels))
    }


def _faces() -> Splits:
    # Faces come first, and as many others after them.
    pictures = np.rint(data.lfw_subset() * 255).astype(np.uint8)
    labels = (np.arange(len(pictures)) >= len(pictures) // 2).astype(np.uint8)[:, None]
    train, test = train_test_split(
        np.arange(len(labels)), test_size=N_TEST_FACES, stratify=labels, random_state=0
    )
    return {
        f"{part}_{what}": array[rows]
        for part, rows in (("train", train), ("test", test))
        for what, array in (("images", pictures), ("labels", labels))
    }
