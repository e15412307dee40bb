"""Find labels that are likely wrong, by out-of-fold predictions."""

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import image_index, label_issues
from cifarbench.audit.image_issues import is_uniform
from cifarbench.evaluation.calibration import apply_temperature, fit_temperature
from cifarbench.io.atomic import read_json, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.io.memmap import ConcatenatedArrays
from cifarbench.runtime.job import Job


def main(job: Job) -> None:
    """Write the label issues and the accuracy of the out-of-fold predictions. settings: `seed`."""
    dataset = read_json(job.input.dataset)
    classes, shape = dataset["classes"], tuple(dataset["image_shape"])
    images = ConcatenatedArrays(*(np.load(path, mmap_mode="r") for path in job.input.images))
    labels = np.concatenate([np.load(path) for path in job.input.labels])
    with threadpool_limits(job.threads):
        proba = label_issues.out_of_fold_proba(
            images, labels, len(classes), shape, job.settings["seed"], job.output.table.parent
        )
        # Temperature scaling, because the threshold of the list needs calibrated probabilities.
        proba = apply_temperature(proba, fit_temperature(proba, labels))
        issues = label_issues.detect_label_issues(proba, labels, is_uniform(images, shape))
    splits, indices = (values.tolist() for values in image_index.to_split_and_index(issues.index, dataset))
    write_csv(
        job.output.table,
        {
            "split": splits,
            "index": indices,
            "given_label": [classes[label] for label in labels[issues.index]],
            "predicted_label": [classes[label] for label in issues.predicted_label],
            "issue_score": issues.score.round(6).tolist(),
            "file": image_index.lookup_paths(image_index.image_paths(dataset), splits, indices),
        },
    )
    write_json(job.output.summary, {"accuracy": issues.accuracy})
