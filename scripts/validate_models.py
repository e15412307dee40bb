"""Build every model and all features that only building can check, before any training starts."""

import contextlib
import sys

from cifarbench.config.build_checks import build_errors
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.io.atomic import write_json
from cifarbench.planning.experiment import Experiment
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """Write an empty list of mistakes, or end with a sentence for each."""
    with contextlib.redirect_stdout(sys.stderr):
        errors = build_errors(Experiment(job.options["config"], FAMILIES, FEATURE_TYPES))
    if errors:
        raise UserError("\nError: ".join(errors))
    write_json(job.output.errors, errors)


if __name__ == "__main__":
    run(main)
