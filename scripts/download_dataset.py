"""Have the dataset's archive: the user's own, or a published one, fetched into the cache."""

from pathlib import Path

from cifarbench.data.fetch import fetch_dataset
from cifarbench.data.provenance import archive_metadata, check_archive
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job, run


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
    write_json(job.output.receipt, archive_metadata(path.resolve(), job.settings["type"], sha256, source))


if __name__ == "__main__":
    run(main)
