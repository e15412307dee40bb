"""Read images of any layout into one array, and record what was found."""

from collections import Counter
from pathlib import Path

from cifarbench.data.image_sources import find_images
from cifarbench.data.own_images import read_images
from cifarbench.data.provenance import verify_archive_unchanged, write_receipt
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import write_rows
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write images, their table, skipped files and the receipt.

    settings: `sha256` of the source, `image_shape`, `resize`, `group`. path: of the source.
    """
    settings = job.settings
    path = Path(job.options["path"])
    write_receipt(job.output.receipt, path, "images", "the user's own", settings["sha256"])
    receipt = read_json(job.output.receipt)
    source = find_images(verify_archive_unchanged(receipt), settings["group"])
    images = read_images(source, tuple(settings["image_shape"]), settings["resize"], job.threads)
    save_npy(job.output.images, images.pixels)
    rows = [{**record._asdict(), "file": record.name} for record in images.records]
    write_rows(job.output.table, rows, ("file", "label", "group", "split"))
    skipped = [{"file": name, "reason": reason} for name, reason in images.skipped]
    write_rows(job.output.skipped, skipped, ("file", "reason"))
    counts = Counter(record.label for record in images.records)
    found = {
        "layout": source.layout,
        "n_images": len(images.records),
        "n_skipped": len(images.skipped),
        "classes": {name: counts[name] for name in source.classes},
        "image_shape": settings["image_shape"],
        "resize": settings["resize"],
        "notes": source.notes,
    }
    write_json(job.output.receipt, receipt | {"found": found})
