"""Runs beyond a dataset's own study: several datasets side by side, and each with other seeds, splits and sizes.

A dataset's own study is that of the configuration without `across`, whether it runs alone or beside others.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cifarbench.study.family import Entry
from cifarbench.study.layout import size_of
from cifarbench.study.plan import Plan, Run

KEY = "across"
# What a dataset may have of its own.
OWN = ("compare", "features", "models")
# What differs between a run and its model's run in the study: nothing, one source of chance, the split alone, or the
# split and all sources of chance at once.
NOTHING, SEED, WEIGHTS, ORDER, SPLIT, ALL, SIZE = "", "seed", "weights", "order", "split", "all", "size"
# The model's own run, asked about other test images.
ELSEWHERE = "elsewhere"


class Repeat(NamedTuple):
    """A run that is compared across seeds, splits and sizes.

    split: 0 for the dataset's own, of training and test images. varied: what differs from the model's own run.
    test_set: the name of other test images, if it is those.
    """

    split: int
    run: Run
    varied: str = NOTHING
    test_set: str = ""


def configurations(config: Entry) -> dict[str, Entry]:
    """For each dataset of a run, the configuration of its own study."""
    whole = {key: value for key, value in config.items() if key != KEY}
    across = config.get(KEY) or {}
    found = {}
    for dataset in across.get("datasets", [config["dataset"]]):
        one = merged(whole, across.get("own", {}).get(dataset, {})) | {"dataset": dataset}
        if dataset != config["dataset"]:
            # An archive of one's own is that of the configured dataset, and so is a list of images left out.
            one = {key: value for key, value in one.items() if key not in ("archive", "sha256", "exclude")}
        found[dataset] = one
    return found


def merged(below: Entry, above: Entry) -> Entry:
    """A mapping laid over another, as one configuration file over another: mappings key by key, the rest whole."""
    return below | {
        key: merged(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }


def variant(dataset: str, split: int) -> str:
    """The name of a dataset with other training and test images, as it stands in paths; of split 0, its own."""
    return f"{dataset}/split_{split}" if split else dataset


def sizes(asked: int | list[int], n_train: int) -> list[int]:
    """The parts of the training images that models are fitted to besides all, ascending.

    asked: the sizes themselves, of which those are left out that the dataset has no more images than; or how many
    times the training images are halved.
    """
    if isinstance(asked, int):
        asked = [n_train >> halving for halving in range(1, asked + 1)]
    return sorted(size for size in asked if 0 < size < n_train)


def seeds(plan: Plan, count: int) -> list[int]:
    """So many seeds: those of the study, and the next whole numbers."""
    found = plan.seeds[:count]
    return [*found, *range(max(found) + 1, max(found) + 1 + count - len(found))]


def repeats(plan: Plan, across: Entry) -> list[Repeat]:
    """All runs of a dataset, its study's first; in `ALL`, each split has a seed of its own."""
    own = {run: Repeat(0, run, SEED if run.seed else NOTHING) for run in plan.runs()}
    asked = test_sets(across, plan.config["dataset"])
    return [
        *own.values(),
        *(one for model in plan.models for one in _further(plan, model, across)),
        *(Repeat(0, Run(model), ELSEWHERE, name) for name in asked for model in plan.models),
    ]


def test_sets(across: Entry, dataset: str) -> dict[str, Entry]:
    """Other test images for a dataset's models, by name."""
    return {name: entry for name, entry in across.get("test_sets", {}).items() if entry["of"] == dataset}


def coordinates(plan: Plan, one: Repeat) -> Entry:
    """What a run is, for a row of a table; seeds are None where no chance takes part."""
    family, n_train, size = plan.family(one.run.model), plan.dataset["n_train"], one.run.size
    by_chance = plan.seed(one.run.seed) if plan.is_seeded(one.run.model) else {}
    return {
        "model": one.run.model,
        "family": family.name,
        "learns_in_epochs": family.has_epochs,
        "seed": by_chance.get("seed"),
        "weights_seed": by_chance.get("weights_seed"),
        "split": one.split,
        "size": int(size.removeprefix("/first_")) if size else n_train,
        "whole": not size,
        "varied": one.varied or None,
        "test_set": one.test_set or None,
    }


def _further(plan: Plan, model: str, across: Entry) -> Iterator[Repeat]:
    n_seeds, n_splits = (across.get("repeats", {}).get(name, 1) for name in ("seeds", "splits"))
    for size in sizes(across.get("sizes", []), plan.dataset["n_train"]):
        yield Repeat(0, Run(model, size=size_of(size)), SIZE)
    sources = plan.chances(model) if n_seeds > 1 else ()
    known = {run.path for run in plan.runs(model)}
    for source in sources:
        for seed in seeds(plan, n_seeds)[1:]:
            run = Run(model, f"/{source}_{seed}")
            if run.path not in known:
                yield Repeat(0, run, source)
    for split in range(1, n_splits):
        yield Repeat(split, Run(model), SPLIT)
        if sources:
            seed = seeds(plan, max(n_seeds, n_splits))[split]
            yield Repeat(split, Run(model, f"/{SEED}_{seed}"), ALL)


def faults(config: Entry, plans: dict[str, Plan]) -> Iterator[str]:
    """A sentence for each fault of `across` that shows only when the datasets are held against each other."""
    across = config.get(KEY) or {}
    if config["dataset"] not in plans:
        yield (
            f"dataset is {config['dataset']}; it must be one of {KEY}.datasets, {', '.join(plans)}: what is said of "
            "an archive is said of it."
        )
    for dataset in across.get("own", {}):
        if dataset not in plans:
            yield f"{KEY}.own.{dataset} is of no dataset of this run; it must be one of {', '.join(plans)}."
    for name, entry in across.get("test_sets", {}).items():
        if entry["of"] not in plans:
            yield (
                f"{KEY}.test_sets.{name}.of is {entry['of']}; it must be a dataset of this run: {', '.join(plans)}."
            )
    if KEY in plans:
        yield f"{KEY}.datasets names {KEY}, as the comparison itself is called; give that dataset another name."
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


def of_size(config: Entry, size: int) -> Entry:
    """The configuration of a study that has only so many training images."""
    dataset = config["dataset"]
    entry: dict[str, Any] = config["datasets"][dataset] | {"n_train": size}
    return config | {"datasets": config["datasets"] | {dataset: entry}}
