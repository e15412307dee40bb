"""Find images that are odd by themselves, and count the classes."""

import numpy as np

from cifarbench.audit import image_index
from cifarbench.audit import image_issues as odd_images
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.io.memmap import ConcatenatedArrays
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """means: gets the mean training image of each class, (n_classes, D) uint8."""
    about = read_json(job.input.dataset)
    shape = tuple(about["image_shape"])
    images = [np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images)]
    parts = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    found = odd_images.find_image_issues(
        ConcatenatedArrays(*images), np.concatenate(parts), shape, job.threads
    )
    known = image_index.image_paths(about)
    rows = []
    for one in found:
        split, index = image_index.to_split_and_index(np.array(one.index), about)
        rows.append((str(split), int(index), one.issue, round(one.score, 2), None))
    rows += [
        (split, index, "odd_format", None, form)
        for split, index, form in image_index.rare_formats(known, about)
    ]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(odd_images.COLUMNS)}
    columns["file"] = image_index.lookup_paths(known, columns["split"], columns["index"])
    write_csv(job.output.table, columns)
    count, mean = odd_images.class_counts_and_means(images[0], parts[0], len(about["classes"]))
    save_npy(job.output.means, mean)
    of_test = np.bincount(parts[1], minlength=len(count))
    write_json(job.output.summary, {"train": count.tolist(), "test": of_test.tolist()})
