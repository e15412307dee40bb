"""Download a dataset's archive into the cache, unless the user has one, and write its receipt."""

from pathlib import Path

from cifarbench.data.fetch import cache_dir, fetch_dataset
from cifarbench.data.provenance import write_receipt
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the receipt of an archive of the type and checksum in the settings.

    origin: `archive`, the path of the user's archive, or the `urls` and files to download. cache: the cache folder.
    """
    origin = job.options["origin"]
    if origin.get("archive"):
        path, source = Path(origin["archive"]), "the user's own"
    else:
        path, source = fetch_dataset(origin | job.settings, cache_dir(job.options["cache"]))
    write_receipt(job.output.receipt, path.resolve(), job.settings["type"], source, job.settings["sha256"])
