# Runs of a suite (datasets, seeds, splits and sizes) and their files. This file has no rules.

from functools import cache

# Datasets whose models are fitted to several training set sizes.
WITH_LEARNING_CURVES = [dataset for dataset in EXPERIMENT_OF if EXPERIMENTS.smaller_train_sizes(dataset)]


def repeat_files(dataset, name):
    """Return a file of each run of a dataset; metrics on a shifted test set have their own file."""
    return [
        (
            f"{ROOT}/suite/{dataset}/shifted/{variant.test_set}/{variant.run.model}.json"
            if variant.test_set and name == "metrics.json"
            else f"{ROOT}/{variants.split_name(dataset, variant.split)}/models/{variant.run.path}/{name}"
        )
        for variant in RUN_VARIANTS[dataset]
    ]


@cache
def test_set_hashes(test_set):
    """Return the type and the checksums of a test set, which do not depend on its path."""
    from cifarbench.data.shifted_test_sets import find_test_set_files

    entry = TEST_SETS[test_set]
    return {"type": entry["type"], "files": [*map(sha256_file, find_test_set_files(entry))]}


def repeat_columns(dataset):
    """Return the columns that identify each run of a dataset."""
    plan = EXPERIMENT_OF[dataset]
    return [{"dataset": dataset, **variants.run_columns(plan, variant)} for variant in RUN_VARIANTS[dataset]]


def predictions_by_train_size(dataset):
    """Return each model's predictions by training size, those of all training images last."""
    smaller = EXPERIMENTS.smaller_train_sizes(dataset)
    return [
        f"{ROOT}/{dataset}/models/{model}{size}/predictions.npz"
        for model in EXPERIMENT_OF[dataset].fitted_models
        for size in [*map(size_suffix, smaller), ""]
    ]
