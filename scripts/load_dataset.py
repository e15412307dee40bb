"""Load an archive into arrays of images and labels, and write the dataset's metadata."""

from pathlib import Path

from cifarbench.data.datasets import load_dataset
from cifarbench.data.exclude_list import drop_images, read_exclude_list
from cifarbench.data.provenance import verify_archive_unchanged
from cifarbench.data.relabel_list import read_relabel_list, relabel_images
from cifarbench.io.atomic import read_json, save_npy, save_npy_blocks, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the arrays of the dataset that the settings declare.

    exclude, relabel: lists of images to drop and of new labels; none if empty.
    """
    archive = read_json(job.input.receipt)
    images = load_dataset(verify_archive_unchanged(archive), job.settings, job.output.train_labels.parent)
    new_labels = read_relabel_list(Path(job.options["relabel"])) if job.options["relabel"] else {}
    if new_labels:
        images = relabel_images(images, new_labels)
    relabeled = {split: [*by_index] for split, by_index in new_labels.items()}
    excluded = read_exclude_list(Path(job.options["exclude"])) if job.options["exclude"] else {}
    if excluded:
        images = drop_images(images, excluded)
    save_npy_blocks(job.output.train_images, images.train_blocks(), len(images.train_labels))
    save_npy(job.output.train_labels, images.train_labels)
    save_npy(job.output.test_images, images.test_images)
    save_npy(job.output.test_labels, images.test_labels)
    write_json(
        job.output.dataset,
        {
            "dataset": job.settings["dataset"],
            "type": job.settings["type"],
            "classes": images.classes,
            "image_shape": list(images.image_shape),
            "n_train": len(images.train_labels),
            "n_test": len(images.test_labels),
            "resize": job.settings.get("resize", False),
            "archive": archive,
            **({"removed": excluded | {"file": job.options["exclude"]}} if excluded else {}),
            **({"relabeled": relabeled | {"file": job.options["relabel"]}} if new_labels else {}),
        },
    )
