"""Predict the test images by their nearest neighbours among the training images."""

import numpy as np

from cifarbench.data.parts import rows_of
from cifarbench.neighbors.approximate import found_rows, judged
from cifarbench.neighbors.family import KIND
from cifarbench.neighbors.search import merged, read_neighbors
from cifarbench.neighbors.voting import voices, vote_shares
from cifarbench.runtime.job import Job, run
from cifarbench.study.contract import decided, write_fit, write_predictions
from cifarbench.study.cost import Stopwatch, cost_record
from cifarbench.study.files import read_json


def main(job: Job) -> None:
    """train_features, test_features: (N, D), pixels or features. division: of the part; none for all images.

    best: a grid's choice, if there is one. shards, shard_costs: results and costs of the searches to merge; none to
    search here. settings: `model`, `family`, `params`, `chosen`, `features`, `part`.
    """
    settings = decided(job.settings, job.input.best)
    params, labels = settings["params"], np.load(job.input.train_labels, mmap_mode="r")
    values, queries = (
        np.load(path, mmap_mode="r") for path in (job.input.train_features, job.input.test_features)
    )
    rows, _ = rows_of(
        settings["part"], len(labels), np.load(job.input.division[0]) if job.input.division else None
    )
    of_shards = [read_json(path) for path in job.input.shard_costs]
    can = {"threads": job.threads, "memory_mb": job.options["memory_mb"]}
    preparing = Stopwatch()
    with Stopwatch() as searching:
        if job.input.shards:
            neighbors, squares = merged(map(read_neighbors, job.input.shards), params["n_neighbors"])
        else:
            neighbors, squares = found_rows(values, rows, queries, params, preparing=preparing, **can)
    seconds = searching.seconds - preparing.seconds
    ann = None
    if params["ann"]:
        ann = judged(settings["model"], neighbors, values, rows, queries, params, seconds=seconds, **can)
    with Stopwatch() as voting:
        n_classes = len(read_json(job.input.dataset)["classes"])
        proba = vote_shares(labels[neighbors], n_classes, voices(squares, params))

    write_predictions(job.output.predictions, np.load(job.input.test_labels), proba)
    of_features = [read_json(path) for path in job.input.fit_costs]
    write_fit(
        job.output.fit,
        settings,
        kind=KIND,
        fit_costs=[
            *of_features,
            *(one["fit"] for one in of_shards),
            cost_record(preparing.seconds, job.threads),
        ],
        predict_costs=[
            *(read_json(path) for path in job.input.predict_costs),
            *(one["predict"] for one in of_shards),
            cost_record(seconds + voting.seconds, job.threads),
        ],
        search_costs=[read_json(path) for path in job.input.search_costs],
        # Neighbours have to keep all that they are sought among.
        stored_bytes=len(rows) * (values.shape[1] * np.dtype(np.float32).itemsize + labels.itemsize)
        + sum(cost.get("stored_bytes", 0) for cost in of_features),
        n_parameters=None,
        ann=ann,
        seed=None,
    )


if __name__ == "__main__":
    run(main)
