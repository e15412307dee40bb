"""Collect the scores and costs of all runs of a dataset (seeds, splits, training set sizes) in one table."""

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import write_rows
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job
from cifarbench.suite.results_table import COLUMNS, check_comparable, run_record


def main(job: Job) -> None:
    """Write a row per run; one of `fits` or `metrics` may be the record of a failure.

    settings: `runs`, the columns that describe each run, in the order of `fits` and `metrics`.
    """
    rows = []
    for columns, fit, scores in zip(job.settings["runs"], job.input.fits, job.input.metrics, strict=True):
        if failure := find_failure([fit, scores]):
            rows.append(run_record(columns, None, None, f"{failure.step}: {failure.reason}"))
        else:
            rows.append(run_record(columns, read_json(fit), read_json(scores), None))
    write_rows(job.output.runs, check_comparable(rows), COLUMNS)
