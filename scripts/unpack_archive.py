"""Turn an archive into arrays: images, labels, and what is known of them."""

from pathlib import Path

from cifarbench.data.archive import recheck_archive
from cifarbench.data.datasets import load_dataset
from cifarbench.data.exclusion import leave_out, read_exclusion
from cifarbench.study.command import run
from cifarbench.study.files import read_json, write_array, write_blocks, write_json


def main(
    archive_receipt: Path,
    train_images: Path,
    train_labels: Path,
    test_images: Path,
    test_labels: Path,
    dataset: Path,
    settings: dict,
    exclude: str = "",
) -> None:
    """settings: the dataset's name as `dataset`, and what its entry in the configuration declares.

    exclude: a file that names images to leave out; none unless given.
    """
    archive = read_json(archive_receipt)
    images = load_dataset(recheck_archive(archive), settings, train_labels.parent)
    excluded = read_exclusion(Path(exclude)) if exclude else {}
    if excluded:
        images = leave_out(images, excluded)
    write_blocks(train_images, images.train_blocks(), len(images.train_labels))
    write_array(train_labels, images.train_labels)
    write_array(test_images, images.test_images)
    write_array(test_labels, images.test_labels)
    write_json(
        dataset,
        {
            "dataset": settings["dataset"],
            "kind": settings["kind"],
            "classes": images.classes,
            "image_shape": list(images.image_shape),
            "n_train": len(images.train_labels),
            "n_test": len(images.test_labels),
            "resize": settings.get("resize", False),
            "archive": archive,
            **({"excluded": excluded | {"file": exclude}} if excluded else {}),
        },
    )


if __name__ == "__main__":
    run(main)
