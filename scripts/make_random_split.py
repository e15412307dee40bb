"""Split all images of a dataset at random into training and test images."""

import numpy as np

from cifarbench.data.group_split import draw_test_groups
from cifarbench.data.splits import random_resplit
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write images and labels of the split with the number `split` in the settings."""
    images = [np.load(path, mmap_mode="r") for path in (job.input.train_images, job.input.test_images)]
    labels = [np.load(path) for path in (job.input.train_labels, job.input.test_labels)]
    dataset, seed = read_json(job.input.dataset), [job.settings["seed"], job.settings["split"]]
    n_train = len(labels[0])
    if "groups" in dataset:
        # Groups stay whole, so that the number of training images can differ from that of the dataset.
        groups = np.concatenate([dataset["groups"][split] for split in ("train", "test")])
        is_test = draw_test_groups(
            np.concatenate(labels), groups, int(np.random.SeedSequence(seed).generate_state(1)[0])
        )
        order, n_train = np.argsort(is_test, kind="stable"), int((~is_test).sum())
        dataset["groups"] = {
            "train": groups[order[:n_train]].tolist(),
            "test": groups[order[n_train:]].tolist(),
        }
        dataset |= {"n_train": n_train, "n_test": len(groups) - n_train}
    else:
        order = random_resplit(labels[0], labels[1], seed)
    # The files of rows are those of the dataset's own split.
    dataset.pop("files", None)
    for arrays, train, test in (
        (images, job.output.train_images, job.output.test_images),
        (labels, job.output.train_labels, job.output.test_labels),
    ):
        values = np.concatenate(arrays)
        save_npy(train, values[order[:n_train]])
        save_npy(test, values[order[n_train:]])
    write_json(job.output.dataset, dataset | {"split": job.settings["split"]})
