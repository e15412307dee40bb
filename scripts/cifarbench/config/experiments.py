"""Read and check a whole configuration: the experiment of each dataset, and the suite that compares them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from cifarbench.config import own_images
from cifarbench.config.schema import load_schema
from cifarbench.config.validation import check_experiments, check_unique_keys, refuse_schema_errors
from cifarbench.data.provenance import check_archive, expand_home
from cifarbench.errors import UserError
from cifarbench.io.atomic import sha256_file
from cifarbench.planning import variants
from cifarbench.planning.experiment import Experiment
from cifarbench.planning.model_family import Entry
from cifarbench.planning.paths import ResultPaths, results_root

CONFIG_FILE = Path("config/config.yaml")


class Experiments:
    """The experiments of a configuration, one per dataset.

    name, root: the experiment's name, or "", and the folder of its results.
    configs, experiments, paths: each dataset's configuration, experiment and file paths.
    datasets: each dataset's entry, with the archive and the lists of this run.
    run_variants: the runs of the suite, by dataset.
    test_sets: the entries of shifted test sets, by name.
    cifar10_c_dir: the folder of CIFAR-10-C; "" if corruptions are computed.
    sentences: what was found in the user's own images, for the terminal.
    """

    def __init__(self, config: Entry, config_files: Sequence[str | Path] = (), check_files: bool = True):
        """Read and check a configuration.

        config_files: files to check for duplicate keys. check_files: whether to read and check archives and test sets,
        which a run does once. Raises UserError with one sentence for each mistake.
        """
        for path in config_files:
            check_unique_keys(Path(path))
        check_complete(config)
        self.sentences: list[str] = []
        if own_images.has_own_images(config):
            refuse_schema_errors(config)
            config, self.sentences = own_images.expand_images(config)
        self.config = config
        self.name: str = config.get("name") or ""
        self.root = results_root(config)
        self.experiments = check_experiments(config)
        self.configs = {dataset: experiment.config for dataset, experiment in self.experiments.items()}
        self.suite: Entry | None = config.get(variants.SECTION)
        self.test_sets: dict[str, Entry] = {
            name: entry | {"archive": str(expand_home(entry["archive"]))}
            for name, entry in (self.suite or {}).get("test_sets", {}).items()
        }
        self.paths = {
            dataset: ResultPaths(experiment, self.smaller_train_sizes(dataset))
            for dataset, experiment in self.experiments.items()
        }
        self.run_variants = {
            dataset: variants.run_variants(experiment, self.suite) if self.suite else []
            for dataset, experiment in self.experiments.items()
        }
        self.datasets = {dataset: self._dataset(dataset, check_files) for dataset in self.configs}
        for entry in self.test_sets.values() if check_files else ():
            from cifarbench.data.shifted_test_sets import read_test_set

            dataset = self.experiments[entry["dataset"]].dataset
            read_test_set(entry, dataset["image_shape"], dataset["n_classes"])
        folder = (config.get("robustness") or {}).get("cifar10_c_dir")
        self.cifar10_c_dir = folder = str(expand_home(folder)) if folder else ""
        if folder and not Path(folder, "labels.npy").is_file():
            raise UserError(
                f"robustness.cifar10_c_dir is {folder}, which has no labels.npy; name CIFAR-10-C's folder."
            )

    def _dataset(self, dataset: str, check_files: bool) -> Entry:
        config = self.configs[dataset]
        # The archive of the run replaces that of the entry.
        entry = config["datasets"][dataset] | {k: config[k] for k in ("archive", "sha256") if config.get(k)}
        if "archive" in entry:
            entry["archive"] = str(expand_home(entry["archive"]))
        if entry["type"] == own_images.TYPE:
            if entry.get("split"):
                path = expand_home(entry["split"])
                entry |= {"split": str(path), "split_sha256": sha256_file(path)}
        elif "archive" in entry and (check_files or "sha256" not in entry):
            is_of_run = config.get("archive") or config.get("sha256")
            key = None if is_of_run else f"datasets.{dataset}"
            entry["sha256"] = check_archive(entry["archive"], entry.get("sha256"), key)
        for key, content in (("exclude", "excluded"), ("relabel", "relabeled")):
            if config.get(key):
                # Jobs depend on the content of the file, not on its path.
                path = expand_home(config[key])
                entry |= {key: str(path), content: sha256_file(path)}
        return entry

    def smaller_train_sizes(self, dataset: str) -> list[int]:
        """Return the sizes of the training subsets, without all images, that a dataset's models are fitted to."""
        return variants.train_sizes((self.suite or {}).get("train_sizes", []), self.experiments[dataset])

    def train_sizes(self, dataset: str) -> list[int]:
        """Return the sizes of the training subsets that a dataset's models are fitted to, that of all images last."""
        return [*self.smaller_train_sizes(dataset), self.experiments[dataset].n_train]

    @cached_property
    def splits(self) -> dict[str, tuple[str, int]]:
        """The random splits into training and test images: name -> (dataset, number of the split)."""
        return {
            variants.split_name(dataset, variant.split): (dataset, variant.split)
            for dataset, run_variants in self.run_variants.items()
            for variant in run_variants
            if variant.split
        }

    @cached_property
    def models(self) -> list[str]:
        """The models of all datasets, in the order in which they are first named."""
        return self.models_where(lambda experiment: experiment.models)

    def models_where(self, select: Callable[[Experiment], list[str]]) -> list[str]:
        """Return the models that `select` returns for the experiment of any dataset."""
        experiments = self.experiments.values()
        return list(dict.fromkeys(model for experiment in experiments for model in select(experiment)))

    def of_type(self, *types: str) -> list[str]:
        """Return the datasets of these types."""
        return [dataset for dataset, entry in self.datasets.items() if entry["type"] in types]

    @cached_property
    def corruptions(self) -> dict[str, Any] | None:
        """The corruptions that every model is evaluated on; None without `robustness`."""
        section = self.config.get("robustness")
        if section is None:
            return None
        # Imported here, since few configurations need it, and it imports what changes images.
        from cifarbench.robustness.corruptions import CORRUPTIONS

        folder = self.cifar10_c_dir
        return {
            "corruptions": section.get("corruptions") or [*CORRUPTIONS],
            "severities": section.get("severities") or [1, 2, 3, 4, 5],
            "official": sha256_file(Path(folder) / "labels.npy") if folder else None,
        }


def check_complete(config: Entry) -> None:
    """Raise UserError if the base configuration was not read: sections are missing, and there is no config.yaml."""
    missing = [key for key in load_schema()["required"] if key not in config]
    if missing and not CONFIG_FILE.is_file():
        raise UserError(
            f"{CONFIG_FILE} is not in {Path.cwd()}, and {', '.join(missing)} are missing; copy the workflow's "
            f"config/config.yaml there, or name it first after --configfile."
        )
