"""Have the dataset's archive: the user's own, or a published one, fetched into the cache."""

from pathlib import Path

from cifarbench.data.archive import check_archive, receipt
from cifarbench.data.fetch import fetch_dataset
from cifarbench.study.command import run
from cifarbench.study.files import write_json


def main(archive_receipt: Path, origin: dict, settings: dict, cache: str = "") -> None:
    """Write the receipt that says where the archive lies.

    origin: `archive`, the path of the user's own, or the dataset's `sources` and files. settings: `kind` and
    `sha256`. cache: the user's cache folder if empty.
    """
    if origin.get("archive"):
        path, source = Path(origin["archive"]), "the user's own"
    else:
        path, source = fetch_dataset(origin | settings, Path(cache).expanduser() if cache else None)
    sha256 = check_archive(path, settings["sha256"])
    write_json(archive_receipt, receipt(path.resolve(), settings["kind"], sha256, source))


if __name__ == "__main__":
    run(main)
