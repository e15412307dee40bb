"""Apply the user's lists of new labels and of images to exclude to a dataset."""

from pathlib import Path
from typing import Any

from cifarbench.data.exclude_list import drop_images, read_exclude_list
from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.relabel_list import read_relabel_list, relabel_images


def apply_lists(images: ImageDataset, exclude: str, relabel: str) -> tuple[ImageDataset, dict[str, Any]]:
    """Return a dataset with new labels and without excluded images, and what dataset.json has of both lists.

    exclude, relabel: paths of the lists, whose indices are those before any image is dropped; "" for none. Raises
    UserError for a list that can't be read or does not fit the dataset.
    """
    applied: dict[str, Any] = {}
    if relabel:
        labels = read_relabel_list(Path(relabel))
        images = relabel_images(images, labels)
        applied["relabeled"] = {split: [*by_index] for split, by_index in labels.items()} | {"file": relabel}
    if exclude:
        excluded = read_exclude_list(Path(exclude))
        images = drop_images(images, excluded)
        applied["removed"] = excluded | {"file": exclude}
    return images, applied
