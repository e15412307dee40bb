"""Write images that come with a package as an archive, and the receipt that says so."""

from pathlib import Path

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.packaged import write_packaged
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(archive: Path, archive_receipt: Path, settings: dict) -> None:
    """archive: the .npz to write; archive_receipt: its path, checksum and origin. settings: `kind`."""
    write_packaged(settings["kind"], archive)
    write_json(archive_receipt, receipt(archive, settings["kind"], check_archive(archive), "scikit-image"))


if __name__ == "__main__":
    run(main)
