"""Look up split, index and file of an image by its position among all images."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_file import image_format
from cifarbench.data.image_folder import list_images
from cifarbench.data.image_sources import TABLE_SUFFIXES
from cifarbench.errors import UserError

SPLITS = ("train", "test")
# Type of a pair of similar images that are not duplicates.
NEAR_MISS = "near_miss"
# A format is odd if a smaller share of the files has it.
MAX_RARE_SHARE = 0.05

ImagePaths = dict[str, list[str]]


def to_split_and_index(positions: np.ndarray, dataset: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return split and index of positions among all images, training images first; same shape as `positions`.

    The index is that in the archive, including excluded images. dataset: the content of dataset.json. In a
    cross-validation, all images are test images.
    """
    if "folds" in dataset:
        return np.full(positions.shape, "test"), kept_indices(dataset, "test")[positions]
    train, test = (kept_indices(dataset, split) for split in SPLITS)
    return np.where(positions >= len(train), *reversed(SPLITS)), np.concatenate([train, test])[positions]


def kept_indices(dataset: dict[str, Any], split: str) -> np.ndarray:
    """Return the indices in the archive of the images that were not excluded: (n,) int64, ascending."""
    excluded = dataset.get("removed", {}).get(split, [])
    return np.setdiff1d(np.arange(dataset[f"n_{split}"] + len(excluded)), excluded)


def image_paths(dataset: dict[str, Any]) -> ImagePaths | None:
    """Return the files of images by split, relative to their folder, in row order; None for an archive of arrays.

    dataset: the content of dataset.json. Raises UserError if the folder has changed since it was read.
    """
    if "files" in dataset:
        return dataset["files"]
    if dataset["type"] != "image_folder":
        return None
    folder = Path(dataset["archive"]["path"])
    paths = {}
    for split in SPLITS:
        images = list_images(folder, split, dataset["classes"])
        if len(images) != dataset[f"n_{split}"] + len(dataset.get("removed", {}).get(split, [])):
            raise UserError(
                f"{folder}/{split} has {len(images)} images, and has changed since it was read; run again with "
                "--forcerun download_dataset."
            )
        paths[split] = [path.relative_to(folder).as_posix() for path, _ in images]
    return paths


def lookup_paths(known: ImagePaths | None, splits: list[str], indices: list[int]) -> list[str | None]:
    """Return the file of each image, or None for each if images are not files."""
    pairs = zip(splits, indices, strict=True)
    return [known[split][index] if known else None for split, index in pairs]


def image_files(known: ImagePaths | None, dataset: dict[str, Any]) -> dict[tuple[str, int], Path]:
    """Return split and index -> file of images that are files; none if they are in an archive.

    known: of `image_paths`. dataset: the content of dataset.json.
    """
    if not known:
        return {}
    folder = Path(dataset["archive"]["path"])
    folder = folder.parent if folder.suffix.lower() in TABLE_SUFFIXES else folder
    if not all((folder / paths[0]).is_file() for paths in known.values()):
        return {}
    return {
        (split, index): folder / paths[index]
        for split, paths in known.items()
        for index in kept_indices(dataset, split).tolist()
    }


def rare_formats(known: ImagePaths | None, dataset: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Return split, index and format of images whose size or colour mode is rare, the rarest first."""
    formats = {image: image_format(path) for image, path in image_files(known, dataset).items()}
    count = Counter(formats.values())
    limit = MAX_RARE_SHARE * len(formats)
    rare = [(*image, name) for image, name in formats.items() if count[name] < limit]
    # If most formats are rare, none is odd.
    if len(rare) > len(formats) / 2:
        return []
    return sorted(rare, key=lambda image: count[image[2]])
