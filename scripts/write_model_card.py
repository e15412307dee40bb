"""Write the card of an exported model."""

from pathlib import Path

from cifarbench.export.best_model import read_run
from cifarbench.export.model_card import git_commit, model_card
from cifarbench.io.atomic import read_json, write_text
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job, run


def main(job: Job) -> None:
    """folder: the dataset's, with the comparison. parity: the export's record. settings: `configuration`."""
    text = model_card(
        SavedModel.read(job.input.comparison.parent, job.options["model"]),
        read_run(job.input.comparison.parent),
        read_json(job.input.parity),
        job.settings["configuration"],
        git_commit(Path(__file__).parent),
    )
    write_text(job.output.page, text)


if __name__ == "__main__":
    run(main)
