"""Write the digits that come with scikit-learn as an archive, and the receipt that says so."""

from pathlib import Path

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.digits import write_digits_archive
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(archive: Path, archive_receipt: Path) -> None:
    """archive: the tar.gz to write; archive_receipt: its path, checksum and origin."""
    write_digits_archive(archive)
    write_json(archive_receipt, receipt(archive, "digits", check_archive(archive), "scikit-learn"))


if __name__ == "__main__":
    run(main)
