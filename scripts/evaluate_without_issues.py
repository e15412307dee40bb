"""Compute each model's accuracy without the test images that the audit lists as duplicates or label issues."""

import numpy as np

from cifarbench.audit.image_index import NEAR_MISS, kept_indices
from cifarbench.evaluation.issue_impact import accuracy_without_subsets
from cifarbench.evaluation.metrics import interval_share
from cifarbench.io.atomic import load_npz, read_json, write_json
from cifarbench.io.csv_io import read_csv
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the accuracies; one of `predictions` may be the record of a failure.

    settings: `models`, in the order of `predictions`; `seed`.
    """
    correct = {
        model: (arrays := load_npz(path))["y_true"] == arrays["y_pred"]
        for model, path in zip(job.settings["models"], job.input.predictions, strict=True)
        if not Failure.read(path)
    }
    duplicates = [
        row[f"index_{side}"]
        for row in read_csv(job.input.duplicates)
        for side, other in ("ab", "ba")
        if row["type"] != NEAR_MISS and (row[f"split_{side}"], row[f"split_{other}"]) == ("test", "train")
    ]
    label_issues = [row["index"] for row in read_csv(job.input.labels) if row["split"] == "test"]
    # The tables have indices in the archive, of which some images may be excluded.
    dataset = read_json(job.input.dataset)
    indices = kept_indices(dataset, "test")
    left_out = {
        "no_duplicates": np.isin(indices, duplicates),
        "no_label_issues": np.isin(indices, label_issues),
    }
    write_json(
        job.output.effects,
        accuracy_without_subsets(correct, left_out, job.settings["seed"], interval_share(dataset)),
    )
