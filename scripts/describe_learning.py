"""Describe a network's learning curve in figures."""

from cifarbench.evaluation.learning import describe, read_history
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import write_json


def main(job: Job) -> None:
    """Read history.csv, write learning.json."""
    write_json(job.output.learning, describe(read_history(job.input.history)))


if __name__ == "__main__":
    run(main)
