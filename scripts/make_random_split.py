"""Divide the images of a dataset anew into training and test images."""

import numpy as np

from cifarbench.data.splits import random_resplit
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """settings: `split`, which division of them, and `seed`."""
    images = [np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images)]
    labels = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    order = random_resplit(*labels, [job.settings["seed"], job.settings["split"]])
    n_train = len(labels[0])
    for all_of_a_kind, train, test in (
        (np.concatenate(images), job.output.train_images, job.output.test_images),
        (np.concatenate(labels), job.output.train_labels, job.output.test_labels),
    ):
        save_npy(train, all_of_a_kind[order[:n_train]])
        save_npy(test, all_of_a_kind[order[n_train:]])
    write_json(job.output.dataset, read_json(job.input.dataset) | {"split": job.settings["split"]})


if __name__ == "__main__":
    run(main)
