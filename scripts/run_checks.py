"""Check a finished study for common mistakes."""

from cifarbench.io.atomic import write_json
from cifarbench.report.checks import check_entries, find_issues
from cifarbench.report.results import Results
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the findings. settings: `mute`, codes that are marked as muted."""
    results = Results.read(job.input.comparison.parent, job.inputs)
    write_json(job.output.checks, check_entries(find_issues(results), job.settings["mute"]))
