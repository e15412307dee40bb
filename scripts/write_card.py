"""Write the card of an exported model."""

from pathlib import Path

from cifarbench.export.card import card, commit_of
from cifarbench.export.winner import read_run
from cifarbench.runtime.job import Job, run
from cifarbench.study.files import read_json, write_text
from cifarbench.study.stored import Stored


def main(job: Job) -> None:
    """folder: the dataset's, with the comparison. parity: the export's record. settings: `configuration`."""
    text = card(
        Stored.read(job.input.comparison.parent, job.options["model"]),
        read_run(job.input.comparison.parent),
        read_json(job.input.parity),
        job.settings["configuration"],
        commit_of(Path(__file__).parent),
    )
    write_text(job.output.page, text)


if __name__ == "__main__":
    run(main)
