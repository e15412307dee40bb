"""Write the digits that come with scikit-learn as an archive, and the receipt that says so."""

from cifarbench.data.digits import write_digits_tarball
from cifarbench.data.provenance import archive_metadata, check_archive
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """archive: the tar.gz to write; archive_receipt: its path, checksum and origin."""
    write_digits_tarball(job.output.archive)
    write_json(
        job.output.receipt,
        archive_metadata(job.output.archive, "digits", check_archive(job.output.archive), "scikit-learn"),
    )


if __name__ == "__main__":
    run(main)
