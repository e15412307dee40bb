"""Write the page that compares all models over datasets, seeds, splits and sizes."""

from cifarbench.io.atomic import write_text
from cifarbench.runtime.job import Job, run
from cifarbench.suite.report_page import render
from cifarbench.suite.results import BenchmarkResults


def main(job: Job) -> None:
    """curves: of each dataset that has any. figures: the drawings.

    settings: `datasets`, `models`, `with_curves`, `language`, and `across`, what was asked for.
    """
    tables = {
        "runs": job.input.runs,
        "ranks": job.input.ranks,
        "tests": job.input.datasets_tests,
        "variances": job.input.all_variances,
        "pairs": job.input.all_pairs,
    }
    write_text(
        job.output.page,
        render(
            BenchmarkResults.read(job.settings, tables, job.input.curves), job.input.figures, job.settings
        ),
    )


if __name__ == "__main__":
    run(main)
