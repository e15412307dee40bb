"""Write a dataset that comes with a package as an archive, and its receipt."""

from cifarbench.data.bundled import PACKAGES, write_bundled_archive
from cifarbench.data.provenance import write_receipt
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the archive of the dataset type that the settings name."""
    dataset_type = job.settings["type"]
    write_bundled_archive(dataset_type, job.output.archive)
    write_receipt(job.output.receipt, job.output.archive, dataset_type, PACKAGES[dataset_type])
