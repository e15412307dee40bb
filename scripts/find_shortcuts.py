"""Find properties that predict the class alone, and whether test images differ from training images."""

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import image_index, shortcuts
from cifarbench.data.image_file import read_header
from cifarbench.io.atomic import read_json, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the scores of each property, and the ROC AUC between both sets; none of a cross-validation.

    settings: `seed`.
    """
    dataset, seed = read_json(job.input.dataset), job.settings["seed"]
    shape = tuple(dataset["image_shape"])
    images = {
        split: np.load(path, mmap_mode="r")
        for split, path in zip(image_index.SPLITS, job.input.images, strict=False)
    }
    if "folds" in dataset:
        write_json(job.output.shortcuts, {"properties": {}, "train_test_shift": None})
        return
    properties = {split: shortcuts.image_properties(rows, shape) for split, rows in images.items()}
    for split, of_files in _file_properties(dataset).items():
        properties[split] |= of_files
    labels = [np.load(path) for path in job.input.labels]
    with threadpool_limits(job.threads):
        found = shortcuts.probe_properties(
            properties["train"], labels[0], properties["test"], labels[1], seed
        )
        shift = shortcuts.train_test_auc(images["train"], images["test"], shape, seed)
    write_json(job.output.shortcuts, {"properties": found, "train_test_shift": shift})


def _file_properties(dataset: dict[str, Any]) -> dict[str, shortcuts.Properties]:
    """Return the properties of image files, by split; none for images in an archive."""
    files = image_index.image_files(image_index.image_paths(dataset), dataset)
    if not files:
        return {}
    types, _, widths, heights = zip(*map(read_header, files.values()), strict=True)
    values = shortcuts.file_properties([*zip(widths, heights, strict=True)], types)
    splits = np.array([split for split, _ in files])
    return {
        split: {name: column[splits == split] for name, column in values.items()}
        for split in image_index.SPLITS
    }
