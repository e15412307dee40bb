# What is compared across datasets, seeds, splits and sizes: which runs, and their files. No rule stands here.

from functools import cache

# The datasets whose models are fitted to more than one size.
WITH_LEARNING_CURVES = [dataset for dataset in EXPERIMENT_OF if EXPERIMENTS.smaller_train_sizes(dataset)]


def repeat_files(dataset, name):
    """A file of each run that is compared; what is scored on other test images has scores of its own."""
    return [
        (
            f"results/suite/{dataset}/shifted/{one.test_set}/{one.run.model}.json"
            if one.test_set and name == "metrics.json"
            else f"results/{variants.split_name(dataset, one.split)}/models/{one.run.path}/{name}"
        )
        for one in RUN_VARIANTS[dataset]
    ]


@cache
def test_set_hashes(test_set):
    """A test set by its files' checksums, apart from where they lie."""
    from cifarbench.data.shifted_test_sets import find_test_set_files

    entry = TEST_SETS[test_set]
    return {"type": entry["type"], "files": [*map(sha256_file, find_test_set_files(entry))]}


def severity_of(test_set):
    """How strongly the images of a test set are corrupted, if they are."""
    return TEST_SETS[test_set].get("severity")


def repeat_columns(dataset):
    """What each run that is compared is."""
    plan = EXPERIMENT_OF[dataset]
    return [{"dataset": dataset, **variants.run_columns(plan, one)} for one in RUN_VARIANTS[dataset]]


def predictions_by_train_size(dataset):
    """What each model answers, fitted to each size, all training images last."""
    smaller = EXPERIMENTS.smaller_train_sizes(dataset)
    return [
        f"results/{dataset}/models/{model}{size}/predictions.npz"
        for model in EXPERIMENT_OF[dataset].models
        for size in [*map(size_suffix, smaller), ""]
    ]
