"""Plan the runs of a suite: several datasets, and each with other seeds, splits and sizes."""

from collections.abc import Iterator
from typing import NamedTuple

from cifarbench.planning.experiment import Experiment, RunId
from cifarbench.planning.model_family import Entry
from cifarbench.planning.paths import size_suffix

SECTION = "suite"
# The factor in which a run differs from its model's run in the experiment.
REFERENCE = ""
SEED = "seed"
INIT = "init_seed"
DATA_ORDER = "data_seed"
SPLIT = "split"
ALL_FACTORS = "all"
# No factor of a run: the sampling of its test images.
TEST_IMAGES = "test_images"
TRAIN_SIZE = "train_size"
# The same run, evaluated on a shifted test set.
SHIFTED = "test_set"


class RunVariant(NamedTuple):
    """A run of a suite.

    split: number of the random split into training and test images, 0 for the dataset's. varied_factor: the factor in
    which it differs from the model's run in the experiment. test_set: name of the shifted test set, or "".
    """

    split: int
    run: RunId
    varied_factor: str = REFERENCE
    test_set: str = ""


def per_dataset_configs(config: Entry) -> dict[str, Entry]:
    """Return the configuration of each dataset's experiment, without `suite`."""
    shared = {key: value for key, value in config.items() if key != SECTION}
    suite = config.get(SECTION) or {}
    configs = {}
    for dataset in suite.get("datasets", [config["dataset"]]):
        merged = deep_merge(shared, suite.get("overrides", {}).get(dataset, {})) | {"dataset": dataset}
        if dataset != config["dataset"]:
            # They belong to the configured dataset.
            merged = {
                k: value
                for k, value in merged.items()
                if k not in ("archive", "sha256", "exclude", "relabel")
            }
        configs[dataset] = merged
    return configs


def deep_merge(below: Entry, above: Entry) -> Entry:
    """Return `below` overridden by `above`: mappings are merged key by key, other values replaced."""
    merged = below | above
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merged[key] = deep_merge(below[key], value)
    return merged


def split_name(dataset: str, split: int) -> str:
    """Return the name of a dataset's split in paths; the dataset's name for split 0."""
    return f"{dataset}/split_{split}" if split else dataset


def train_sizes(sizes: int | list[int], plan: Experiment) -> list[int]:
    """Return the subset sizes that models are fitted to besides all training images, ascending.

    sizes: the sizes, of which larger ones than the training set are ignored; or the number of times that the training
    set is halved, as long as there are at least two images and one per class.
    """
    smallest = 1
    if isinstance(sizes, int):
        smallest = max(2, plan.dataset["n_classes"])
        sizes = [plan.n_train >> halving for halving in range(1, sizes + 1)]
    return sorted(size for size in sizes if smallest <= size < plan.n_train)


def run_seeds(plan: Experiment, n_seeds: int) -> list[int]:
    """Return `n_seeds` seeds: those of the experiment, then the next whole numbers."""
    seeds = plan.seeds[:n_seeds]
    return [*seeds, *range(max(seeds) + 1, max(seeds) + 1 + n_seeds - len(seeds))]


def run_variants(plan: Experiment, suite: Entry) -> list[RunVariant]:
    """Return all runs of a dataset, those of its experiment first."""
    test_sets = shifted_test_sets(suite, plan.config["dataset"])
    return [
        *(RunVariant(0, run, SEED if run.seed else REFERENCE) for run in plan.runs()),
        *(variant for model in plan.fitted_models for variant in _model_variants(plan, model, suite)),
        *(RunVariant(0, RunId(model), SHIFTED, name) for name in test_sets for model in plan.fitted_models),
    ]


def shifted_test_sets(suite: Entry, dataset: str) -> dict[str, Entry]:
    """Return the entries of a dataset's shifted test sets, by name."""
    return {name: entry for name, entry in suite.get("test_sets", {}).items() if entry["dataset"] == dataset}


def run_columns(plan: Experiment, variant: RunVariant) -> Entry:
    """Return the columns of a results table that identify a run; seeds are None for models that are not random."""
    model, size = variant.run.model, variant.run.size
    family = plan.family(model)
    seeds = plan.seed(variant.run.seed) if plan.is_seeded(model) else {}
    return {
        "model": model,
        "family": family.name,
        "is_iterative": family.has_epochs,
        "seed": seeds.get("seed"),
        "init_seed": seeds.get("init_seed"),
        "split": variant.split,
        "train_size": int(size.removeprefix("/train_")) if size else plan.n_train,
        "full_train": not size,
        "varied_factor": variant.varied_factor or None,
        "test_set": variant.test_set or None,
    }


def _model_variants(plan: Experiment, model: str, suite: Entry) -> Iterator[RunVariant]:
    n_seeds, n_splits = (suite.get("repeats", {}).get(name, 1) for name in ("n_seeds", "n_splits"))
    for size in train_sizes(suite.get("train_sizes", []), plan):
        yield RunVariant(0, RunId(model, size=size_suffix(size)), TRAIN_SIZE)
    sources = plan.randomness_sources(model) if n_seeds > 1 else ()
    planned_runs = plan.runs(model)
    for source in sources:
        for seed in run_seeds(plan, n_seeds)[1:]:
            run = RunId(model, f"/{source}_{seed}")
            if run not in planned_runs:
                yield RunVariant(0, run, source)
    for split in range(1, n_splits):
        yield RunVariant(split, RunId(model), SPLIT)
        if sources:
            seed = run_seeds(plan, max(n_seeds, n_splits))[split]
            yield RunVariant(split, RunId(model, f"/{SEED}_{seed}"), ALL_FACTORS)


def check_errors(config: Entry, plans: dict[str, Experiment]) -> Iterator[str]:
    """Yield a sentence for each mistake in the relations between the datasets of a suite."""
    suite = config.get(SECTION) or {}
    if config["dataset"] not in plans:
        yield (
            f"dataset is {config['dataset']}; it must be one of {SECTION}.datasets, {', '.join(plans)}: archive, "
            "exclude and relabel belong to it."
        )
    for dataset in suite.get("overrides", {}):
        if dataset not in plans:
            yield f"{SECTION}.overrides.{dataset} is not a dataset of this run; it must be one of {', '.join(plans)}."
    for name, entry in suite.get("test_sets", {}).items():
        if entry["dataset"] not in plans:
            yield (
                f"{SECTION}.test_sets.{name}.dataset is {entry['dataset']}; it must be a dataset of this run: "
                f"{', '.join(plans)}."
            )
    if SECTION in plans:
        yield f"{SECTION}.datasets names {SECTION}, as the comparison itself is called; give that dataset another name."
    families: dict[str, tuple[str, str]] = {}
    for dataset, plan in plans.items():
        for model in plan.models:
            family = plan.family(model).name
            first_dataset, first_family = families.setdefault(model, (dataset, family))
            if family != first_family:
                yield (
                    f"models.{model}.family is {family} for {dataset} and {first_family} for {first_dataset}; a model "
                    "is compared across datasets under its name, so give one of them another name."
                )
