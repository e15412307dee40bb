# What is compared across datasets, seeds, splits and sizes: which runs, and their files. No rule stands here.

from functools import cache

# The datasets whose models are fitted to more than one size.
WITH_CURVES = [dataset for dataset in PLANS if EXPERIMENTS.smaller_sizes(dataset)]


def of_repeats(dataset, name):
    """A file of each run that is compared; what is scored on other test images has scores of its own."""
    return [
        (
            f"results/across/{dataset}/elsewhere/{one.test_set}/{one.run.model}.json"
            if one.test_set and name == "metrics.json"
            else f"results/{series.variant(dataset, one.split)}/models/{one.run.path}/{name}"
        )
        for one in REPEATS[dataset]
    ]


@cache
def what_is(test_set):
    """A test set by its files' checksums, apart from where they lie."""
    from cifarbench.data.test_sets import files_of

    entry = TEST_SETS[test_set]
    return {"kind": entry["kind"], "files": [*map(checksum, files_of(entry))]}


def severity_of(test_set):
    """How strongly the images of a test set are corrupted, if they are."""
    return TEST_SETS[test_set].get("severity")


def coordinates_of_repeats(dataset):
    """What each run that is compared is."""
    plan = PLANS[dataset]
    return [{"dataset": dataset, **series.coordinates(plan, one)} for one in REPEATS[dataset]]


def predictions_of_sizes(dataset):
    """What each model answers, fitted to each size, all training images last."""
    smaller = EXPERIMENTS.smaller_sizes(dataset)
    return [
        f"results/{dataset}/models/{model}{size}/predictions.npz"
        for model in PLANS[dataset].models
        for size in [*map(size_of, smaller), ""]
    ]
