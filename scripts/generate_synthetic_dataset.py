"""Generate random images as an archive, and write its receipt."""

from cifarbench.data.provenance import write_receipt
from cifarbench.data.synthetic import write_synthetic_archive
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the archive, a folder, of the sizes and the seed in the settings."""
    sizes = {key: job.settings[key] for key in ("n_train", "n_test", "n_classes", "image_shape", "seed")}
    write_synthetic_archive(job.output.archive, **sizes)
    write_receipt(job.output.receipt, job.output.archive, "synthetic", "made up")
