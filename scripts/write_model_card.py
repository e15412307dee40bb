"""Write the model card of an exported model."""

from pathlib import Path

from cifarbench.export.best_model import read_run
from cifarbench.export.model_card import git_commit, model_card
from cifarbench.io.atomic import read_json, write_text
from cifarbench.models.saved_model import SavedModel
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the card; the settings have the model's `configuration`."""
    results = job.input.comparison.parent
    stored, run_results = SavedModel.read(results, job.options["model"]), read_run(results)
    commit = git_commit(Path(__file__).parent)
    card = model_card(stored, run_results, read_json(job.input.parity), job.settings["configuration"], commit)
    write_text(job.output.page, card)
