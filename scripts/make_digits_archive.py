"""Write the digits that come with scikit-learn as an archive, and the receipt that says so."""

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.digits import write_digits_archive
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """archive: the tar.gz to write; archive_receipt: its path, checksum and origin."""
    write_digits_archive(job.output.archive)
    write_json(
        job.output.receipt,
        receipt(job.output.archive, "digits", check_archive(job.output.archive), "scikit-learn"),
    )


if __name__ == "__main__":
    run(main)
