"""Make images up, as many as are declared, and write them as an archive, with the receipt that says so."""

from pathlib import Path

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.synthetic import write_synthetic_archive
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(archive: Path, archive_receipt: Path, settings: dict) -> None:
    """archive: the folder to write; archive_receipt: its path, checksum and origin. settings: the dataset's entry."""
    archive.mkdir(parents=True, exist_ok=True)
    write_synthetic_archive(
        archive,
        settings["n_train"],
        settings["n_test"],
        settings["n_classes"],
        tuple(settings["image_shape"]),
        settings["seed"],
    )
    write_json(archive_receipt, receipt(archive, "synthetic", check_archive(archive), "made up"))


if __name__ == "__main__":
    run(main)
