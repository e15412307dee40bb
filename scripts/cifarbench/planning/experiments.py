"""Read and check a whole configuration: the experiment of each dataset, and what is compared beyond them."""

from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from cifarbench.data.archive import check_archive
from cifarbench.data.exclusion import read_exclusion
from cifarbench.families import FAMILIES, KINDS
from cifarbench.robustness.names import CORRUPTIONS
from cifarbench.study import configuration, series
from cifarbench.study.errors import UserError
from cifarbench.study.family import Entry
from cifarbench.study.files import checksum
from cifarbench.study.layout import Layout
from cifarbench.study.plan import Plan

CONFIG_FILE = Path("config/config.yaml")
# The loader in C, where PyYAML has it, takes a fifth of the time.
FAST_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        self.configs = configuration.check_all(config, schema, FAMILIES, KINDS)
        self.plans = {dataset: Plan(one, FAMILIES, KINDS) for dataset, one in self.configs.items()}
        self.across: Entry | None = config.get(series.KEY)
        self.test_sets: dict[str, Entry] = (self.across or {}).get("test_sets", {})
        self.layouts = {
            dataset: Layout(plan, self.smaller_sizes(dataset)) for dataset, plan in self.plans.items()
        }
        self.repeats = {
            dataset: series.repeats(plan, self.across) if self.across else []
            for dataset, plan in self.plans.items()
        }
        self.datasets = {dataset: self._dataset(dataset, check_files) for dataset in self.configs}
        if check_files:
            self._check_test_sets()
        robustness = config.get("robustness") or {}
        self.official_corruptions = folder = robustness.get("official") or ""
        if folder and not Path(folder, "labels.npy").is_file():
            raise UserError(
                f"robustness.official is {folder}, which has no labels.npy; name CIFAR-10-C's folder."
            )

    def _dataset(self, dataset: str, check_files: bool) -> Entry:
        config = self.configs[dataset]
        # An archive that the run names takes the place of the one that the entry names.
        entry = config["datasets"][dataset] | {k: config[k] for k in ("archive", "sha256") if config.get(k)}
        if "archive" in entry and (check_files or "sha256" not in entry):
            by_run = config.get("archive") or config.get("sha256")
            key = None if by_run else f"datasets.{dataset}"
            entry["sha256"] = check_archive(entry["archive"], entry.get("sha256"), key)
        if config.get("exclude"):
            # The file's content decides, not where it is.
            read_exclusion(path := Path(config["exclude"]))
            entry |= {"exclude": str(path), "excluded": checksum(path)}
        return entry

    def _check_test_sets(self) -> None:
        for entry in self.test_sets.values():
            from cifarbench.data.test_sets import read_test_set

            dataset = self.plans[entry["of"]].dataset
            read_test_set(entry, dataset["image_shape"], dataset["n_classes"])

    def smaller_sizes(self, dataset: str) -> list[int]:
        """Return the numbers of training images, below all of them, that a dataset's models are fitted to."""
        return series.sizes((self.across or {}).get("sizes", []), self.plans[dataset].dataset["n_train"])

    def sizes(self, dataset: str) -> list[int]:
        """Return the numbers of training images that a dataset's models are fitted to, all of them last."""
        return [*self.smaller_sizes(dataset), self.plans[dataset].dataset["n_train"]]

    @cached_property
    def splits(self) -> dict[str, tuple[str, int]]:
        """Other random splits of a dataset into training and test images: name -> (dataset, number of the split)."""
        return {
            series.variant(dataset, repeat.split): (dataset, repeat.split)
            for dataset, repeats in self.repeats.items()
            for repeat in repeats
            if repeat.split
        }

    @cached_property
    def models(self) -> list[str]:
        """The models of all datasets, in the order in which they are first named."""
        return list(dict.fromkeys(model for plan in self.plans.values() for model in plan.models))

    def models_where(self, holds: Callable[[Plan], list[str]]) -> list[str]:
        """Return the models that `holds` finds in the plan of any dataset."""
        return list(dict.fromkeys(model for plan in self.plans.values() for model in holds(plan)))

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the datasets of these kinds."""
        return [dataset for dataset, entry in self.datasets.items() if entry["kind"] in kinds]

    @cached_property
    def corruptions(self) -> dict[str, Any] | None:
        """The corruptions that every model is evaluated on; None if the configuration asks for none."""
        asked = self.config.get("robustness")
        if asked is None:
            return None
        official = self.official_corruptions
        return {
            "corruptions": asked.get("corruptions") or CORRUPTIONS,
            "severities": asked.get("severities") or [1, 2, 3, 4, 5],
            "official": checksum(Path(official) / "labels.npy") if official else None,
        }


def load_schema() -> Entry:
    """Return the JSON schema of the configuration."""
    text = (files("cifarbench") / "planning" / "config.schema.yaml").read_text()
    return yaml.load(text, FAST_YAML)


def check_complete(config: Entry, schema: Entry) -> None:
    """Raise UserError if the base configuration was not read: sections are missing, and there is no config.yaml."""
    missing = [key for key in schema["required"] if key not in config]
    if missing and not CONFIG_FILE.is_file():
        raise UserError(
            f"{CONFIG_FILE} is not in {Path.cwd()}, and {', '.join(missing)} are missing; copy the workflow's "
            f"config/config.yaml there, or name it first after --configfile."
        )
