"""Make images up, as many as are declared, and write them as an archive, with the receipt that says so."""

from cifarbench.data.provenance import archive_metadata, check_archive
from cifarbench.data.synthetic import write_synthetic_archive
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """archive: the folder to write; archive_receipt: its path, checksum and origin. settings: the dataset's entry."""
    job.output.archive.mkdir(parents=True, exist_ok=True)
    write_synthetic_archive(
        job.output.archive,
        job.settings["n_train"],
        job.settings["n_test"],
        job.settings["n_classes"],
        tuple(job.settings["image_shape"]),
        job.settings["seed"],
    )
    write_json(
        job.output.receipt,
        archive_metadata(job.output.archive, "synthetic", check_archive(job.output.archive), "made up"),
    )


if __name__ == "__main__":
    run(main)
