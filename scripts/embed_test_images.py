"""Compute the explorer's map of the test images, on the features of the most accurate model."""

import numpy as np

from cifarbench.io.atomic import save_npz, write_json
from cifarbench.io.csv_io import drop_failed, read_csv
from cifarbench.report.embedding import embed, sample_rows
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write rows and coordinates, and how they were made. settings: `seed`; `models`, in the order of `features`."""
    ranking = sorted(drop_failed(read_csv(job.input.comparison)), key=lambda row: -row["accuracy"])
    # Without any model, the map is of the pixels.
    model = ranking[0]["model"] if ranking else ""
    files = dict(zip(job.settings["models"], job.input.features, strict=True))
    rows = sample_rows(np.load(job.input.test_labels), job.settings["seed"])
    values = np.load(files.get(model, job.input.test_images), mmap_mode="r")[rows]
    coordinates, method = embed(values, job.settings["seed"])
    save_npz(job.output.embedding, rows=rows, coordinates=coordinates)
    write_json(job.output.summary, {"method": method, "model": model, "images": len(rows)})
