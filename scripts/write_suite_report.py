"""Write the page that compares all models across datasets, seeds, splits and training set sizes, and its checks."""

from cifarbench.io.atomic import write_json, write_text
from cifarbench.io.csv_io import read_csv
from cifarbench.report.checks import check_entries
from cifarbench.runtime.job import Job
from cifarbench.suite.report_page import render
from cifarbench.suite.results_table import failed_run_findings


def main(job: Job) -> None:
    """Write the page and the checks.

    curves: one per dataset of `with_curves`. figures: SVG files. settings: see `render`, and `mute`, codes of checks.
    """
    tables = {
        "runs": job.input.runs,
        "ranks": job.input.ranks,
        "tests": job.input.datasets_tests,
        "variances": job.input.all_variances,
        "pairs": job.input.all_pairs,
    }
    findings = failed_run_findings(read_csv(job.input.runs))
    write_json(job.output.checks, check_entries(findings, job.settings["mute"]))
    write_text(job.output.page, render(job.settings, tables, job.input.curves, job.input.figures))
