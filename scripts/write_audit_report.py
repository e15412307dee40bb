"""Write the page of a data audit."""

import numpy as np

from cifarbench.io.atomic import write_text
from cifarbench.report.audit_page import render
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the page of the audit's tables and summaries, `files`. settings: `language`."""
    files = {f"audit/{path.name}": path for path in job.input.files} | {
        "data/dataset.json": job.input.dataset
    }
    images = {
        "train": np.load(job.input.train_images, mmap_mode="r"),
        "test": np.load(job.input.test_images, mmap_mode="r"),
    }
    write_text(job.output.page, render(files, images, np.load(job.input.means), job.settings))
