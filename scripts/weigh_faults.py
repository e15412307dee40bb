"""Weigh what copies and doubtful labels among the test images do to the comparison."""

import numpy as np

from cifarbench.audit.files import SIMILAR, kept
from cifarbench.evaluation.left_out import without
from cifarbench.runtime.job import Job, run
from cifarbench.study.failures import Failure
from cifarbench.study.files import read_arrays, read_json, write_json
from cifarbench.study.tables import read_rows


def main(job: Job) -> None:
    """predictions: any of them may hold a record of a failure instead.

    settings: `models`, in the order of `predictions`; `seed`.
    """
    correct = {
        model: (answers := read_arrays(path))["y_true"] == answers["y_pred"]
        for model, path in zip(job.settings["models"], job.input.predictions, strict=True)
        if not Failure.read(path)
    }
    copies = [
        row[f"index_{own}"]
        for row in read_rows(job.input.duplicates)
        for own, other in ("ab", "ba")
        if row["kind"] != SIMILAR and (row[f"split_{own}"], row[f"split_{other}"]) == ("test", "train")
    ]
    doubtful = [row["index"] for row in read_rows(job.input.labels) if row["split"] == "test"]
    # Tables name images by their index in the archive, of which some may have been left out.
    indices = kept(read_json(job.input.dataset), "test")
    left_out = {"copies": np.isin(indices, copies), "labels": np.isin(indices, doubtful)}
    write_json(job.output.effects, without(correct, left_out, job.settings["seed"]))


if __name__ == "__main__":
    run(main)
