"""Weigh what copies and doubtful labels among the test images do to the comparison."""

import numpy as np

from cifarbench.audit.image_index import NEAR_MISS, kept_indices
from cifarbench.evaluation.issue_impact import accuracy_without_subsets
from cifarbench.io.atomic import load_npz, read_json, write_json
from cifarbench.io.csv_io import read_csv
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """predictions: any of them may hold a record of a failure instead.

    settings: `models`, in the order of `predictions`; `seed`.
    """
    correct = {
        model: (answers := load_npz(path))["y_true"] == answers["y_pred"]
        for model, path in zip(job.settings["models"], job.input.predictions, strict=True)
        if not Failure.read(path)
    }
    copies = [
        row[f"index_{own}"]
        for row in read_csv(job.input.duplicates)
        for own, other in ("ab", "ba")
        if row["type"] != NEAR_MISS and (row[f"split_{own}"], row[f"split_{other}"]) == ("test", "train")
    ]
    doubtful = [row["index"] for row in read_csv(job.input.labels) if row["split"] == "test"]
    # Tables name images by their index in the archive, of which some may have been left out.
    indices = kept_indices(read_json(job.input.dataset), "test")
    left_out = {"no_duplicates": np.isin(indices, copies), "no_label_issues": np.isin(indices, doubtful)}
    write_json(job.output.effects, accuracy_without_subsets(correct, left_out, job.settings["seed"]))
