"""Predict the test images by their nearest neighbours among the training images."""

import numpy as np

from cifarbench.data.splits import load_split_indices
from cifarbench.io.atomic import read_json, save_npz
from cifarbench.models.knn.ann import knn_search, measure_recall_and_qps
from cifarbench.models.knn.exact import load_topk, merge_topk
from cifarbench.models.knn.family import FAMILY_LABEL
from cifarbench.models.knn.voting import balanced_weights, neighbor_weights, predict_proba, to_distances
from cifarbench.models.outputs import apply_best_params, write_fit_json, write_predictions
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import Timer, resource_usage

# Of each test image, for the explorer.
MAX_KEPT = 10


def main(job: Job) -> None:
    """Write the predictions, the nearest neighbours, and fit.json.

    train_features, test_features: (N, D). shards, shard_costs: results and costs of the searches to merge; none to
    search here. settings: of `ResultPaths.model_params_json`.
    """
    settings = apply_best_params(job.settings, job.input.best)
    params, labels = settings["params"], np.load(job.input.train_labels, mmap_mode="r")
    values, queries = (
        np.load(path, mmap_mode="r") for path in (job.input.train_features, job.input.test_features)
    )
    rows, _ = load_split_indices(settings["part"], len(labels), job.input.division)
    shard_costs = [read_json(path) for path in job.input.shard_costs]
    limits = {"threads": job.threads, "memory_mb": job.options["memory_mb"]}
    preparing = Timer()
    with Timer() as searching:
        if job.input.shards:
            neighbors, squares = merge_topk(map(load_topk, job.input.shards), params["n_neighbors"])
        else:
            neighbors, squares = knn_search(values, rows, queries, params, preparing=preparing, **limits)
    seconds = searching.seconds - preparing.seconds
    ann = None
    if params["ann"]:
        ann = measure_recall_and_qps(
            settings["model"], neighbors, values, rows, queries, params, seconds=seconds, **limits
        )
    with Timer() as voting:
        n_classes = len(read_json(job.input.dataset)["classes"])
        voters = labels[neighbors]
        weights = balanced_weights(neighbor_weights(squares, params), voters, labels[rows], params)
        proba = predict_proba(voters, n_classes, weights)

    write_predictions(job.output.predictions, np.load(job.input.test_labels), proba, folds=job.input.folds)
    save_npz(
        job.output.neighbors,
        neighbors=neighbors[:, :MAX_KEPT].astype(np.int32),
        distances=to_distances(squares[:, :MAX_KEPT], params["metric"]).astype(np.float32),
    )
    write_fit_json(
        job.output.fit,
        settings,
        family_label=FAMILY_LABEL,
        fit_costs=[
            *job.input.fit_costs,
            *(cost["fit"] for cost in shard_costs),
            resource_usage(preparing.seconds, job.threads),
        ],
        predict_costs=[
            *job.input.predict_costs,
            *(cost["predict"] for cost in shard_costs),
            resource_usage(seconds + voting.seconds, job.threads),
        ],
        search_costs=job.input.search_costs,
        # A kNN stores the training features and labels.
        stored_bytes=len(rows) * (values.shape[1] * np.dtype(np.float32).itemsize + labels.itemsize),
        n_parameters=None,
        facts={"ann": ann} if ann else None,
        seed=None,
    )
