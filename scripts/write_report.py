"""Write the report of a run."""

from cifarbench.io.atomic import write_text
from cifarbench.report.results import Results
from cifarbench.report.view import render
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the page and the Markdown. settings: `report` (title, language), and `configuration`, shown as it is."""
    html, text = render(Results.read(job.input.comparison.parent, job.inputs), job.settings)
    write_text(job.output.page, html)
    write_text(job.output.markdown, text)
