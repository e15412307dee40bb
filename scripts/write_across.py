"""Write the page that compares all models over datasets, seeds, splits and sizes."""

from cifarbench.across.page import render
from cifarbench.across.results import Results
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_text


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
        render(Results.read(job.settings, tables, job.input.curves), job.input.figures, job.settings),
    )


if __name__ == "__main__":
    run(main)
