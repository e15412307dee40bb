"""Load an archive into arrays of images and labels, and write the dataset's metadata."""

from cifarbench.data.datasets import load_dataset
from cifarbench.data.image_lists import apply_lists
from cifarbench.data.provenance import verify_archive_unchanged
from cifarbench.io.atomic import read_json, save_npy, save_npy_blocks, write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the arrays of the dataset that the settings declare.

    exclude, relabel: lists of images to drop and of new labels; none if empty.
    """
    archive = read_json(job.input.receipt)
    images = load_dataset(verify_archive_unchanged(archive), job.settings, job.output.train_labels.parent)
    images, applied = apply_lists(images, job.options["exclude"], job.options["relabel"])
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
            **applied,
        },
    )
