"""Read and check a whole configuration: the experiment of each dataset, and what is compared beyond them."""

from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from cifarbench.config import validation
from cifarbench.data.exclude_list import read_exclude_list
from cifarbench.data.provenance import check_archive
from cifarbench.errors import UserError
from cifarbench.families import FAMILIES, FEATURE_TYPES
from cifarbench.io.atomic import sha256_file
from cifarbench.planning import variants
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import Entry
from cifarbench.planning.paths import ResultPaths
from cifarbench.robustness.names import CORRUPTIONS

CONFIG_FILE = Path("config/config.yaml")
# The loader in C, where PyYAML has it, takes a fifth of the time.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Experiments:
    """The experiments that a configuration describes, one per dataset.

    Attributes
    ----------
    configs: the configuration of each dataset's own experiment.
    plans, layouts: each dataset's plan, and its file paths.
    datasets: each dataset's entry, with the archive and the exclude list that this run names.
    across: the section that compares datasets, seeds, splits and sizes; None without one.
    repeats: the runs of each dataset that are compared there.
    test_sets: further test images, by name.
    """

    def __init__(self, config: Entry, check_files: bool):
        """Read and check a configuration.

        check_files: whether files that it names are read and checked, too, which a run does once and its jobs need not.

        Raises UserError with one sentence for each mistake.
        """
        self.config = config
        schema = load_schema()
        check_complete(config, schema)
        self.configs = validation.validate_all(config, schema, FAMILIES, FEATURE_TYPES)
        self.experiments = {
            dataset: Experiment(one, FAMILIES, FEATURE_TYPES) for dataset, one in self.configs.items()
        }
        self.suite: Entry | None = config.get(variants.SECTION)
        self.test_sets: dict[str, Entry] = (self.suite or {}).get("test_sets", {})
        self.paths = {
            dataset: ResultPaths(plan, self.smaller_train_sizes(dataset))
            for dataset, plan in self.experiments.items()
        }
        self.run_variants = {
            dataset: variants.run_variants(plan, self.suite) if self.suite else []
            for dataset, plan in self.experiments.items()
        }
        self.datasets = {dataset: self._dataset(dataset, check_files) for dataset in self.configs}
        if check_files:
            self._check_test_sets()
        robustness = config.get("robustness") or {}
        self.cifar10_c_dir = folder = robustness.get("cifar10_c_dir") or ""
        if folder and not Path(folder, "labels.npy").is_file():
            raise UserError(
                f"robustness.cifar10_c_dir is {folder}, which has no labels.npy; name CIFAR-10-C's folder."
            )

    def _dataset(self, dataset: str, check_files: bool) -> Entry:
        config = self.configs[dataset]
        # An archive that the run names takes the place of the one that the entry names.
        entry = config["datasets"][dataset] | {k: config[k] for k in ("archive", "sha256") if config.get(k)}
        if "archive" in entry:
            entry["archive"] = str(Path(entry["archive"]).expanduser())
        if "archive" in entry and (check_files or "sha256" not in entry):
            by_run = config.get("archive") or config.get("sha256")
            key = None if by_run else f"datasets.{dataset}"
            entry["sha256"] = check_archive(entry["archive"], entry.get("sha256"), key)
        if config.get("exclude"):
            # The file's content decides, not where it is.
            read_exclude_list(path := Path(config["exclude"]).expanduser())
            entry |= {"exclude": str(path), "excluded": sha256_file(path)}
        return entry

    def _check_test_sets(self) -> None:
        for entry in self.test_sets.values():
            from cifarbench.data.shifted_test_sets import read_test_set

            dataset = self.experiments[entry["dataset"]].dataset
            read_test_set(entry, dataset["image_shape"], dataset["n_classes"])

    def smaller_train_sizes(self, dataset: str) -> list[int]:
        """Return the numbers of training images, below all of them, that a dataset's models are fitted to."""
        return variants.train_sizes(
            (self.suite or {}).get("train_sizes", []), self.experiments[dataset].dataset["n_train"]
        )

    def train_sizes(self, dataset: str) -> list[int]:
        """Return the numbers of training images that a dataset's models are fitted to, all of them last."""
        return [*self.smaller_train_sizes(dataset), self.experiments[dataset].dataset["n_train"]]

    @cached_property
    def splits(self) -> dict[str, tuple[str, int]]:
        """Other random splits of a dataset into training and test images: name -> (dataset, number of the split)."""
        return {
            variants.split_name(dataset, repeat.split): (dataset, repeat.split)
            for dataset, repeats in self.run_variants.items()
            for repeat in repeats
            if repeat.split
        }

    @cached_property
    def models(self) -> list[str]:
        """The models of all datasets, in the order in which they are first named."""
        return list(dict.fromkeys(model for plan in self.experiments.values() for model in plan.models))

    def models_where(self, holds: Callable[[Experiment], list[str]]) -> list[str]:
        """Return the models that `holds` finds in the plan of any dataset."""
        return list(dict.fromkeys(model for plan in self.experiments.values() for model in holds(plan)))

    def of_type(self, *kinds: str) -> list[str]:
        """Return the datasets of these kinds."""
        return [dataset for dataset, entry in self.datasets.items() if entry["type"] in kinds]

    @cached_property
    def corruptions(self) -> dict[str, Any] | None:
        """The corruptions that every model is evaluated on; None if the configuration asks for none."""
        asked = self.config.get("robustness")
        if asked is None:
            return None
        official = self.cifar10_c_dir
        return {
            "corruptions": asked.get("corruptions") or CORRUPTIONS,
            "severities": asked.get("severities") or [1, 2, 3, 4, 5],
            "official": sha256_file(Path(official) / "labels.npy") if official else None,
        }


def load_schema() -> Entry:
    """Return the JSON schema of the configuration."""
    text = (files("cifarbench") / "config" / "config.schema.yaml").read_text()
    return yaml.load(text, YAML_LOADER)


def check_complete(config: Entry, schema: Entry) -> None:
    """Raise UserError if the base configuration was not read: sections are missing, and there is no config.yaml."""
    missing = [key for key in schema["required"] if key not in config]
    if missing and not CONFIG_FILE.is_file():
        raise UserError(
            f"{CONFIG_FILE} is not in {Path.cwd()}, and {', '.join(missing)} are missing; copy the workflow's "
            f"config/config.yaml there, or name it first after --configfile."
        )
