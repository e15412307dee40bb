"""Runs beyond a dataset's own study: several datasets side by side, and each with other seeds, splits and sizes.

A dataset's own study is that of the configuration without `across`, whether it runs alone or beside others.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cifarbench.planning.experiment import Experiment, RunId
from cifarbench.planning.model_family import Entry
from cifarbench.planning.paths import size_suffix

SECTION = "suite"
# What a dataset may have of its own.
OVERRIDE_KEYS = ("compare", "features", "models")
# What differs between a run and its model's run in the study: nothing, one source of chance, the split alone, or the
# split and all sources of chance at once.
REFERENCE, SEED, INIT, DATA_ORDER, SPLIT, ALL_FACTORS, TRAIN_SIZE = (
    "",
    "seed",
    "init_seed",
    "data_seed",
    "split",
    "all",
    "size",
)
# The model's own run, asked about other test images.
SHIFTED = "elsewhere"


class RunVariant(NamedTuple):
    """A run that is compared across seeds, splits and sizes.

    split: 0 for the dataset's own, of training and test images. varied: what differs from the model's own run.
    test_set: the name of other test images, if it is those.
    """

    split: int
    run: RunId
    varied_factor: str = REFERENCE
    test_set: str = ""


def per_dataset_configs(config: Entry) -> dict[str, Entry]:
    """For each dataset of a run, the configuration of its own study."""
    whole = {key: value for key, value in config.items() if key != SECTION}
    suite = config.get(SECTION) or {}
    found = {}
    for dataset in suite.get("datasets", [config["dataset"]]):
        one = deep_merge(whole, suite.get("overrides", {}).get(dataset, {})) | {"dataset": dataset}
        if dataset != config["dataset"]:
            # An archive of one's own is that of the configured dataset, and so is a list of images left out.
            one = {key: value for key, value in one.items() if key not in ("archive", "sha256", "exclude")}
        found[dataset] = one
    return found


def deep_merge(below: Entry, above: Entry) -> Entry:
    """A mapping laid over another, as one configuration file over another: mappings key by key, the rest whole."""
    return below | {
        key: deep_merge(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }


def split_name(dataset: str, split: int) -> str:
    """The name of a dataset with other training and test images, as it stands in paths; of split 0, its own."""
    return f"{dataset}/split_{split}" if split else dataset


def train_sizes(asked: int | list[int], n_train: int) -> list[int]:
    """The parts of the training images that models are fitted to besides all, ascending.

    asked: the sizes themselves, of which those are left out that the dataset has no more images than; or how many
    times the training images are halved.
    """
    if isinstance(asked, int):
        asked = [n_train >> halving for halving in range(1, asked + 1)]
    return sorted(size for size in asked if 0 < size < n_train)


def run_seeds(plan: Experiment, count: int) -> list[int]:
    """So many seeds: those of the study, and the next whole numbers."""
    found = plan.seeds[:count]
    return [*found, *range(max(found) + 1, max(found) + 1 + count - len(found))]


def run_variants(plan: Experiment, suite: Entry) -> list[RunVariant]:
    """All runs of a dataset, its study's first; in `ALL`, each split has a seed of its own."""
    own = {run: RunVariant(0, run, SEED if run.seed else REFERENCE) for run in plan.runs()}
    asked = shifted_test_sets(suite, plan.config["dataset"])
    return [
        *own.values(),
        *(one for model in plan.models for one in _further(plan, model, suite)),
        *(RunVariant(0, RunId(model), SHIFTED, name) for name in asked for model in plan.models),
    ]


def shifted_test_sets(suite: Entry, dataset: str) -> dict[str, Entry]:
    """Other test images for a dataset's models, by name."""
    return {name: entry for name, entry in suite.get("test_sets", {}).items() if entry["dataset"] == dataset}


def run_columns(plan: Experiment, one: RunVariant) -> Entry:
    """What a run is, for a row of a table; seeds are None where no chance takes part."""
    family, n_train, size = plan.family(one.run.model), plan.dataset["n_train"], one.run.size
    by_chance = plan.seed(one.run.seed) if plan.is_seeded(one.run.model) else {}
    return {
        "model": one.run.model,
        "family": family.name,
        "is_iterative": family.has_epochs,
        "seed": by_chance.get("seed"),
        "init_seed": by_chance.get("init_seed"),
        "split": one.split,
        "size": int(size.removeprefix("/train_")) if size else n_train,
        "whole": not size,
        "varied": one.varied_factor or None,
        "test_set": one.test_set or None,
    }


def _further(plan: Experiment, model: str, suite: Entry) -> Iterator[RunVariant]:
    n_seeds, n_splits = (suite.get("repeats", {}).get(name, 1) for name in ("n_seeds", "n_splits"))
    for size in train_sizes(suite.get("train_sizes", []), plan.dataset["n_train"]):
        yield RunVariant(0, RunId(model, size=size_suffix(size)), TRAIN_SIZE)
    sources = plan.randomness_sources(model) if n_seeds > 1 else ()
    known = {run.path for run in plan.runs(model)}
    for source in sources:
        for seed in run_seeds(plan, n_seeds)[1:]:
            run = RunId(model, f"/{source}_{seed}")
            if run.path not in known:
                yield RunVariant(0, run, source)
    for split in range(1, n_splits):
        yield RunVariant(split, RunId(model), SPLIT)
        if sources:
            seed = run_seeds(plan, max(n_seeds, n_splits))[split]
            yield RunVariant(split, RunId(model, f"/{SEED}_{seed}"), ALL_FACTORS)


def check_errors(config: Entry, plans: dict[str, Experiment]) -> Iterator[str]:
    """A sentence for each fault of `across` that shows only when the datasets are held against each other."""
    suite = config.get(SECTION) or {}
    if config["dataset"] not in plans:
        yield (
            f"dataset is {config['dataset']}; it must be one of {SECTION}.datasets, {', '.join(plans)}: what is said of "
            "an archive is said of it."
        )
    for dataset in suite.get("overrides", {}):
        if dataset not in plans:
            yield f"{SECTION}.overrides.{dataset} is of no dataset of this run; it must be one of {', '.join(plans)}."
    for name, entry in suite.get("test_sets", {}).items():
        if entry["dataset"] not in plans:
            yield (
                f"{SECTION}.test_sets.{name}.dataset is {entry['dataset']}; it must be a dataset of this run: {', '.join(plans)}."
            )
    if SECTION in plans:
        yield f"{SECTION}.datasets names {SECTION}, as the comparison itself is called; give that dataset another name."
    families: dict[str, tuple[str, str]] = {}
    for dataset, plan in plans.items():
        for model in plan.models:
            family = plan.family(model).name
            first, as_there = families.setdefault(model, (dataset, family))
            if family != as_there:
                yield (
                    f"models.{model}.family is {family} for {dataset} and {as_there} for {first}; a model is compared "
                    "across datasets under its name, so give one of them another name."
                )


def with_train_size(config: Entry, size: int) -> Entry:
    """The configuration of a study that has only so many training images."""
    dataset = config["dataset"]
    entry: dict[str, Any] = config["datasets"][dataset] | {"n_train": size}
    return config | {"datasets": config["datasets"] | {dataset: entry}}
