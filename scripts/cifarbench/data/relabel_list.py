"""Read the user's list of new labels, and apply it to a dataset."""

from dataclasses import replace
from pathlib import Path

from cifarbench.data.exclude_list import SPLITS, read_image
from cifarbench.data.image_dataset import ImageDataset
from cifarbench.data.printable import describe_value
from cifarbench.errors import UserError
from cifarbench.io.csv_io import read_user_csv

COLUMNS = ("split", "index", "label")


def read_relabel_list(path: Path) -> dict[str, dict[int, str]]:
    """Return the new class names of `train` and `test` images by index, which counts from 0 as in the archive.

    The file is a CSV with the columns `split`, `index` and `label`; it may have others. Raises UserError for anything
    else.
    """
    labels: dict[str, dict[int, str]] = {split: {} for split in SPLITS}
    for line, row in read_user_csv(path, COLUMNS, "relabel"):
        split, index = read_image(path, line, row)
        label = row["label"]
        if not label:
            raise UserError(f"{path} has no label in line {line}; write the name of a class.")
        if labels[split].setdefault(index, label) != label:
            raise UserError(
                f"{path} has two labels for image {index} of {split}, {describe_value(labels[split][index])} and "
                f"{describe_value(label)}; delete one of them."
            )
    return {split: dict(sorted(by_index.items())) for split, by_index in labels.items()}


def relabel_images(images: ImageDataset, labels: dict[str, dict[int, str]]) -> ImageDataset:
    """Return a dataset with new labels of some images.

    Raises UserError if it lacks one of the images or classes, or if a class has no image left.
    """
    classes = {name: number for number, name in enumerate(images.classes)}
    arrays = {}
    for split in SPLITS:
        array = getattr(images, f"{split}_labels").copy()
        for index, label in labels[split].items():
            if index >= len(array):
                raise UserError(
                    f"relabel names image {index} of {split}, but there are only {len(array)}, from 0; remove it from "
                    "the list."
                )
            if label not in classes:
                raise UserError(
                    f"relabel gives image {index} of {split} the label {describe_value(label)}, which is no class; "
                    f"write one of {', '.join(images.classes[:20])}{', ...' if len(images.classes) > 20 else ''}."
                )
            array[index] = classes[label]
        arrays[f"{split}_labels"] = array
    return replace(images, **arrays).validate()
