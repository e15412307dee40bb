"""Summarize a network's training curve in numbers."""

from cifarbench.evaluation.training_curve import read_history, summarize_history
from cifarbench.io.atomic import write_json
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Read history.csv, write training_summary.json."""
    write_json(job.output.learning, summarize_history(read_history(job.input.history)))
