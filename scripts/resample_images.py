"""Divide the images of a dataset anew into training and test images."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import resample
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_array, write_json


def main(
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    new_train_images: Path,
    new_train_labels: Path,
    new_test_images: Path,
    new_test_labels: Path,
    new_dataset: Path,
    settings: dict,
) -> None:
    """settings: `split`, which division of them, and `seed`."""
    images = [np.load(path, mmap_mode="r") for path in (train_images, test_images)]
    labels = [np.load(path) for path in (train_labels, test_labels)]
    order = resample(*labels, [settings["seed"], settings["split"]])
    n_train = len(labels[0])
    for all_of_a_kind, train, test in (
        (np.concatenate(images), new_train_images, new_test_images),
        (np.concatenate(labels), new_train_labels, new_test_labels),
    ):
        write_array(train, all_of_a_kind[order[:n_train]])
        write_array(test, all_of_a_kind[order[n_train:]])
    write_json(new_dataset, read_json(dataset) | {"split": settings["split"]})


if __name__ == "__main__":
    run(main)
