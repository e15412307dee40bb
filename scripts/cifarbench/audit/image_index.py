"""Which image is which: split and index of a place among all images, and its file where images are files."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_file import image_format
from cifarbench.data.image_folder import list_images
from cifarbench.errors import UserError

SPLITS = ("train", "test")
# The kind of a pair whose images have much in common, but are no copies.
NEAR_MISS = "near_miss"
# A form that fewer files than this share have is odd.
MAX_RARE_SHARE = 0.05

ImagePaths = dict[str, list[str]]


def to_split_and_index(places: np.ndarray, dataset: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Split and index, each of the shape of `places` among all images, those of the training set first.

    The index is that in the archive, whatever was left out of it. dataset: the content of dataset.json.
    """
    train, test = (kept_indices(dataset, split) for split in SPLITS)
    return np.where(places >= len(train), *reversed(SPLITS)), np.concatenate([train, test])[places]


def kept_indices(dataset: dict[str, Any], split: str) -> np.ndarray:
    """The indices in the archive of the images that were not left out."""
    excluded = dataset.get("removed", {}).get(split, [])
    return np.setdiff1d(np.arange(dataset[f"n_{split}"] + len(excluded)), excluded)


def image_paths(dataset: dict[str, Any]) -> ImagePaths | None:
    """The files of a folder of pictures by split, relative to it, in the order of the rows; None for an archive.

    dataset: the content of dataset.json.
    """
    if dataset["type"] != "image_folder":
        return None
    folder = Path(dataset["archive"]["path"])
    found = {
        split: [
            path.relative_to(folder).as_posix() for path, _ in list_images(folder, split, dataset["classes"])
        ]
        for split in SPLITS
    }
    for split, paths in found.items():
        if len(paths) != dataset[f"n_{split}"] + len(dataset.get("removed", {}).get(split, [])):
            raise UserError(
                f"{folder}/{split} holds {len(paths)} pictures, other ones than were read; run again with "
                "--forcerun download_dataset."
            )
    return found


def lookup_paths(known: ImagePaths | None, splits: list[str], indices: list[int]) -> list[str | None]:
    """The files of some images; None each where images are no files."""
    pairs = zip(splits, indices, strict=True)
    return [known[split][index] if known else None for split, index in pairs]


def rare_formats(known: ImagePaths | None, dataset: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Pictures of a size or colour mode that few others have, the rarest first: split, index, and what they are."""
    if not known:
        return []
    folder = Path(dataset["archive"]["path"])
    forms = {
        (split, index): image_format(folder / paths[index])
        for split, paths in known.items()
        for index in kept_indices(dataset, split).tolist()
    }
    count = Counter(forms.values())
    rare = [(image, form) for image, form in forms.items() if count[form] < MAX_RARE_SHARE * len(forms)]
    # Where no two are alike, none is odd.
    if len(rare) > len(forms) / 2:
        return []
    return [(*image, form) for image, form in sorted(rare, key=lambda one: count[one[1]])]
