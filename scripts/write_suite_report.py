"""Write the page that compares all models across datasets, seeds, splits and training set sizes."""

from cifarbench.io.atomic import write_text
from cifarbench.runtime.job import Job
from cifarbench.suite.report_page import render


def main(job: Job) -> None:
    """Write the page. curves: one per dataset of `with_curves`. figures: SVG files. settings: see `render`."""
    tables = {
        "runs": job.input.runs,
        "ranks": job.input.ranks,
        "tests": job.input.datasets_tests,
        "variances": job.input.all_variances,
        "pairs": job.input.all_pairs,
    }
    write_text(job.output.page, render(job.settings, tables, job.input.curves, job.input.figures))
