"""Collect the scores and the costs of all runs of a dataset, whatever their seed, split and size, in one table."""

from cifarbench.across.runs import COLUMNS, comparable, row
from cifarbench.runtime.job import Job, run
from cifarbench.study.failures import first_failure
from cifarbench.study.files import read_json
from cifarbench.study.tables import write_table


def main(job: Job) -> None:
    """fits, metrics: any of them may hold a record of a failure instead.

    settings: `runs`, what each is, in the order of `fits` and `metrics`.
    """
    rows = []
    for about, fit, scores in zip(job.settings["runs"], job.input.fits, job.input.metrics, strict=True):
        if failure := first_failure([fit, scores]):
            rows.append(row(about, None, None, f"{failure.step}: {failure.reason}"))
        else:
            rows.append(row(about, read_json(fit), read_json(scores), None))
    write_table(job.output.runs, {name: [one[name] for one in comparable(rows)] for name in COLUMNS})


if __name__ == "__main__":
    run(main)
