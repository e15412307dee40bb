"""Write images that come with a package as an archive, and the receipt that says so."""

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.packaged import write_packaged
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """archive: the .npz to write; archive_receipt: its path, checksum and origin. settings: `kind`."""
    write_packaged(job.settings["kind"], job.output.archive)
    write_json(
        job.output.receipt,
        receipt(job.output.archive, job.settings["kind"], check_archive(job.output.archive), "scikit-image"),
    )


if __name__ == "__main__":
    run(main)
