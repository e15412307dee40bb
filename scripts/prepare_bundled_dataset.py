"""Write images that come with a package as an archive, and the receipt that says so."""

from cifarbench.data.bundled import write_bundled_dataset
from cifarbench.data.provenance import archive_metadata, check_archive
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """archive: the .npz to write; archive_receipt: its path, checksum and origin. settings: `kind`."""
    write_bundled_dataset(job.settings["type"], job.output.archive)
    write_json(
        job.output.receipt,
        archive_metadata(
            job.output.archive, job.settings["type"], check_archive(job.output.archive), "scikit-image"
        ),
    )


if __name__ == "__main__":
    run(main)
