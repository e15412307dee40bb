"""Turn an archive into arrays: images, labels, and what is known of them."""

from pathlib import Path

from cifarbench.data.archive import recheck_archive
from cifarbench.data.datasets import load_dataset
from cifarbench.data.exclusion import leave_out, read_exclusion
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json, write_array, write_blocks, write_json


def main(job: Job) -> None:
    """settings: the dataset's name as `dataset`, and what its entry in the configuration declares.

    exclude: a file that names images to leave out; none unless given.
    """
    archive = read_json(job.input.receipt)
    images = load_dataset(recheck_archive(archive), job.settings, job.output.train_labels.parent)
    excluded = read_exclusion(Path(job.options["exclude"])) if job.options["exclude"] else {}
    if excluded:
        images = leave_out(images, excluded)
    write_blocks(job.output.train_images, images.train_blocks(), len(images.train_labels))
    write_array(job.output.train_labels, images.train_labels)
    write_array(job.output.test_images, images.test_images)
    write_array(job.output.test_labels, images.test_labels)
    write_json(
        job.output.dataset,
        {
            "dataset": job.settings["dataset"],
            "kind": job.settings["kind"],
            "classes": images.classes,
            "image_shape": list(images.image_shape),
            "n_train": len(images.train_labels),
            "n_test": len(images.test_labels),
            "resize": job.settings.get("resize", False),
            "archive": archive,
            **({"excluded": excluded | {"file": job.options["exclude"]}} if excluded else {}),
        },
    )


if __name__ == "__main__":
    run(main)
