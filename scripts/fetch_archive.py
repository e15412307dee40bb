"""Have the dataset's archive: the user's own, or a published one, fetched into the cache."""

from pathlib import Path

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.fetch import fetch_dataset
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """Write the receipt that says where the archive lies.

    origin: `archive`, the path of the user's own, or the dataset's `sources` and files. settings: `kind` and
    `sha256`. cache: the user's cache folder if empty.
    """
    if job.options["origin"].get("archive"):
        path, source = Path(job.options["origin"]["archive"]), "the user's own"
    else:
        path, source = fetch_dataset(
            job.options["origin"] | job.settings,
            Path(job.options["cache"]).expanduser() if job.options["cache"] else None,
        )
    sha256 = check_archive(path, job.settings["sha256"])
    write_json(job.output.receipt, receipt(path.resolve(), job.settings["kind"], sha256, source))


if __name__ == "__main__":
    run(main)
