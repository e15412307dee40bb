"""Read images of any layout into one array, and record what was found."""

from pathlib import Path

from cifarbench.data.image_sources import find_images
from cifarbench.data.own_images import read_images
from cifarbench.data.provenance import verify_archive_unchanged, write_receipt
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import write_csv
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
    columns = {"file": "name", "label": "label", "group": "group", "split": "split"}
    write_csv(
        job.output.table,
        {column: [getattr(record, name) for record in images.records] for column, name in columns.items()},
    )
    names, reasons = zip(*images.skipped, strict=True) if images.skipped else ((), ())
    write_csv(job.output.skipped, {"file": [*names], "reason": [*reasons]})
    counts = dict.fromkeys(source.classes, 0)
    for record in images.records:
        counts[record.label] += 1
    found = {
        "layout": source.layout,
        "n_images": len(images.records),
        "n_skipped": len(images.skipped),
        "classes": counts,
        "image_shape": settings["image_shape"],
        "resize": settings["resize"],
        "notes": source.notes,
    }
    write_json(job.output.receipt, receipt | {"found": found})
