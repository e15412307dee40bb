"""Find properties that predict the class alone, and whether test images differ from training images."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cifarbench.audit import image_index, shortcuts
from cifarbench.io.atomic import read_json, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the scores of each property, and the ROC AUC between both sets. settings: `seed`."""
    dataset, seed = read_json(job.input.dataset), job.settings["seed"]
    shape = tuple(dataset["image_shape"])
    images = {
        split: np.load(path, mmap_mode="r")
        for split, path in (("train", job.input.train_images), ("test", job.input.test_images))
    }
    properties = {split: shortcuts.image_properties(rows, shape) for split, rows in images.items()}
    for split, of_files in _file_properties(dataset).items():
        properties[split] |= of_files
    labels = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    with threadpool_limits(job.threads):
        found = shortcuts.probe_properties(
            properties["train"], labels[0], properties["test"], labels[1], seed
        )
        shift = shortcuts.train_test_auc(images["train"], images["test"], shape, seed)
    write_json(job.output.shortcuts, {"properties": found, "train_test_shift": shift})


def _file_properties(dataset: dict[str, Any]) -> dict[str, shortcuts.Properties]:
    """Return the properties of the files of an image folder, by split; none for an archive."""
    known = image_index.image_paths(dataset)
    if not known:
        return {}
    folder, sizes, types, splits = Path(dataset["archive"]["path"]), [], [], []
    for split, paths in known.items():
        for index in image_index.kept_indices(dataset, split).tolist():
            path = folder / paths[index]
            with Image.open(path) as image:
                sizes.append(image.size)
                types.append(image.format or path.suffix)
            splits.append(split)
    values = shortcuts.file_properties(sizes, types)
    return {
        split: {name: column[np.array(splits) == split] for name, column in values.items()} for split in known
    }
