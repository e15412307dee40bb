"""Split all images of a dataset at random into training and test images."""

import numpy as np

from cifarbench.data.splits import random_resplit
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write images and labels of the split with the number `split` in the settings."""
    images = [np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images)]
    labels = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    order = random_resplit(labels[0], labels[1], [job.settings["seed"], job.settings["split"]])
    n_train = len(labels[0])
    for arrays, train, test in (
        (images, job.output.train_images, job.output.test_images),
        (labels, job.output.train_labels, job.output.test_labels),
    ):
        values = np.concatenate(arrays)
        save_npy(train, values[order[:n_train]])
        save_npy(test, values[order[n_train:]])
    write_json(job.output.dataset, read_json(job.input.dataset) | {"split": job.settings["split"]})
