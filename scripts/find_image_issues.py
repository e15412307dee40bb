"""Find image issues, such as uniform or truncated images, and count the classes."""

from typing import Any

import numpy as np

from cifarbench.audit import image_index, image_issues
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.io.memmap import ConcatenatedArrays
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the issues, the number of images per class, and each class's mean image, (n_classes, D) uint8."""
    dataset = read_json(job.input.dataset)
    shape = tuple(dataset["image_shape"])
    images = [np.load(path, mmap_mode="r") for path in job.input.images]
    labels = [np.load(path) for path in job.input.labels]
    issues = image_issues.find_image_issues(
        ConcatenatedArrays(*images), np.concatenate(labels), shape, job.threads
    )
    known = image_index.image_paths(dataset)
    rows: list[tuple[Any, ...]] = []
    for issue in issues:
        split, index = image_index.to_split_and_index(np.array(issue.index), dataset)
        rows.append((str(split), int(index), issue.issue, round(issue.score, 2), None))
    rows += [
        (split, index, "odd_format", None, form)
        for split, index, form in image_index.rare_formats(known, dataset)
    ]
    columns = {name: [row[number] for row in rows] for number, name in enumerate(image_issues.COLUMNS)}
    columns["file"] = image_index.lookup_paths(known, columns["split"], columns["index"])
    write_csv(job.output.table, columns)
    count, mean = image_issues.class_counts_and_means(images[0], labels[0], len(dataset["classes"]))
    save_npy(job.output.means, mean)
    test_count = np.bincount(labels[-1], minlength=len(count))
    write_json(job.output.summary, {"train": count.tolist(), "test": test_count.tolist()})
