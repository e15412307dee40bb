"""Write the explorer of predictions: one page with all test images and all models."""

import numpy as np

from cifarbench.audit.image_index import image_paths
from cifarbench.io.atomic import load_npz, read_json, write_text
from cifarbench.io.csv_io import read_csv
from cifarbench.report.embedding import sample_rows
from cifarbench.report.explorer import ExplorerData, ModelPredictions, render
from cifarbench.report.explorer_neighbors import Neighbors
from cifarbench.runtime.failures import find_failure
from cifarbench.runtime.job import Job

# Tables of the audit, in the order of the input.
TABLES = ("duplicates", "labels", "images")


def main(job: Job) -> None:
    """Write the page.

    A model's `predictions` or `fits` may be the record of a failure. `audit` and `embedding` are empty without an audit
    and without a map. settings: `models`, in the order of `predictions` and `fits`; `knn`, the models of `neighbors`;
    `seed`; `language`.
    """
    labels = np.load(job.input.test_labels)
    rows = sample_rows(labels, job.settings["seed"])
    neighbors = dict(zip(job.settings["knn"], job.input.neighbors, strict=True))
    models, failed = [], {}
    for name, *files in zip(job.settings["models"], job.input.predictions, job.input.fits, strict=True):
        if failure := find_failure(files):
            failed[name] = failure
        else:
            arrays, fit = load_npz(files[0]), read_json(files[1])
            proba = arrays["proba"][rows] if fit["has_probabilities"] else None
            knn = None
            if name in neighbors:
                nearest, k = load_npz(neighbors[name]), fit["params"]["n_neighbors"]
                knn = Neighbors(nearest["neighbors"][rows], nearest["distances"][rows], k)
            models.append(ModelPredictions(name, arrays["y_pred"][rows], proba, knn))
    dataset = read_json(job.input.dataset)
    data = ExplorerData(
        dataset=dataset,
        pixels=np.load(job.input.test_images, mmap_mode="r"),
        train_pixels=np.load(job.input.train_images, mmap_mode="r"),
        train_labels=np.load(job.input.train_labels),
        rows=rows,
        labels=labels[rows],
        models=models,
        failed=failed,
        tables=dict(zip(TABLES, map(read_csv, job.input.audit), strict=False)),
        paths=image_paths(dataset),
        embedding=load_npz(job.input.embedding[0]) | read_json(job.input.embedding[1])
        if job.input.embedding
        else None,
    )
    write_text(job.output.page, render(data, job.settings["language"]))
