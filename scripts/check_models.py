"""Build every model and all features that only building can check, before any training starts."""

import contextlib
import sys

from cifarbench.families import FAMILIES, KINDS
from cifarbench.planning.build_checks import build_errors
from cifarbench.runtime.job import Job, run
from cifarbench.study.errors import UserError
from cifarbench.study.files import write_json
from cifarbench.study.plan import Plan


def main(job: Job) -> None:
    """Write an empty list of mistakes, or end with a sentence for each."""
    with contextlib.redirect_stdout(sys.stderr):
        errors = build_errors(Plan(job.options["config"], FAMILIES, KINDS))
    if errors:
        raise UserError("\nError: ".join(errors))
    write_json(job.output.errors, errors)


if __name__ == "__main__":
    run(main)
