"""The results of a run, read from its files."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Self

from cifarbench.errors import UserError
from cifarbench.evaluation.ranking_metric import read_score
from cifarbench.evaluation.training_curve import UNDECIDED_SHARE
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.report import reference_results
from cifarbench.runtime.failures import Failure

ALPHA = 0.05
# Columns of paired_tests.csv, in the order of the fields of `PairedComparison`.
PAIR_COLUMNS = (
    "model_a",
    "model_b",
    "accuracy_difference",
    "ci_low",
    "ci_high",
    "p_value",
    "p_value_adjusted",
    "verdict",
)
REQUIRED = ("comparison.csv", "paired_tests.csv", "data/dataset.json")


@dataclass(frozen=True)
class PairedComparison:
    """The difference in accuracy between two models on the same test images, first minus second."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    p_value_adjusted: float
    verdict: str = "undecided"

    @property
    def ci_contains_zero(self) -> bool:
        """Whether the 95% interval of the difference contains zero."""
        return self.low <= 0 <= self.high

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero and the corrected test rejects equality."""
        return not self.ci_contains_zero and self.p_value_adjusted < ALPHA

    def swapped(self) -> Self:
        """Return the same comparison, second minus first."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
        )


@dataclass(frozen=True)
class ModelResult:
    """One trained model: the contents of its files.

    `history`, `learning` (the summary of the history) and `grid` are empty for a model that has none. `other_seeds` are
    the same model trained with further seeds.
    """

    name: str
    fit: dict[str, Any]
    metrics: dict[str, Any]
    history: list[Row] = field(default_factory=list)
    learning: dict[str, Any] = field(default_factory=dict)
    grid: list[Row] = field(default_factory=list)
    other_seeds: list[Self] = field(default_factory=list)

    @property
    def params(self) -> dict[str, Any]:
        """All hyperparameters, with those that a grid search selected."""
        return self.fit["params"]

    @property
    def features(self) -> list[dict[str, Any]]:
        """The feature extractors from pixels on, each with `name`, `kind` and `params`; empty for raw pixels."""
        return self.fit["features"]

    @property
    def classifier_params(self) -> dict[str, Any]:
        """The classifier's hyperparameters, without those of its features."""
        of_features = {name: value for step in self.features for name, value in step["params"].items()}
        return dict(item for item in self.params.items() if item not in of_features.items())

    @property
    def kind(self) -> str:
        """The family label, an English plural."""
        return self.fit["family_label"]

    @property
    def pretrained(self) -> bool:
        """Whether its features were trained on other images than the training images."""
        return self.fit.get("pretrained", False)

    @property
    def is_fitted(self) -> bool:
        """Whether this run fitted it; of predictions from a file, only these are known."""
        return self.fit.get("inference", {}) is not None

    @property
    def tuned(self) -> bool:
        """Whether a grid search selected some of its hyperparameters."""
        return bool(self.grid)

    @property
    def tuned_params(self) -> set[str]:
        """The names of the hyperparameters that a grid search selected."""
        columns = [name for name in (self.grid[0] if self.grid else {}) if name.startswith("param_")]
        return {column.removeprefix("param_").rpartition("__")[2] for column in columns}

    @property
    def accuracy(self) -> float:
        """Accuracy on the test images."""
        return self.metrics["accuracy"]

    @property
    def every_seed(self) -> list[Self]:
        """The model and its trainings with other seeds."""
        return [self, *self.other_seeds]

    @property
    def accuracies(self) -> list[float]:
        """Accuracy with every seed."""
        return [model.accuracy for model in self.every_seed]

    @property
    def still_improves(self) -> bool:
        """Whether its test loss is lowest in the last tenth of the epochs, so that more epochs could help."""
        return self.learning["lowest_test_loss"]["epoch"] >= (1 - UNDECIDED_SHARE) * self.learning["epochs"]

    def column(self, name: str) -> list[float]:
        """Return one column of the history, one value per epoch."""
        return [row[name] for row in self.history]


@dataclass(frozen=True)
class Results:
    """All models of a run, in the configuration's order, and their comparison.

    `order` names all models; those in `failed` are not among `models`. `files` maps paths relative to the run's folder
    to the files themselves; only these are read. `records` are files that hold a failure instead of their content.
    """

    dataset: dict[str, Any]
    order: list[str]
    models: dict[str, ModelResult]
    failed: dict[str, Failure]
    pairs: list[PairedComparison]
    agreement: dict[str, Any]
    files: dict[str, Path]
    records: dict[str, Failure]
    verdict: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, files: list[Path]) -> Self:
        """Read a run from `files`, which are in `folder` (results/<dataset>).

        Raises UserError if a file that every report needs is missing.
        """
        known = {path.relative_to(folder).as_posix(): path for path in files}
        records = {name: failure for name, path in known.items() if (failure := Failure.read(path))}
        known = {name: path for name, path in known.items() if name not in records}
        for name in REQUIRED:
            if name not in known:
                raise UserError(f"{folder / name} is not among the files of the report; give it too.")
        rows = read_csv(known["comparison.csv"])
        names = [row["model"] for row in rows]
        failed = {
            name: records[path]
            for name in names
            for path in (f"models/{name}/metrics.json", f"models/{name}/fit.json")
            if path in records
        }
        # The records are removed when a run ends; the comparison keeps their text.
        for row in rows:
            if row.get("error") and row["model"] not in failed:
                step, _, reason = row["error"].partition(": ")
                failed[row["model"]] = Failure(row["model"], step, reason)
        pairs = [
            PairedComparison(*(row[column] for column in PAIR_COLUMNS))
            for row in read_csv(known["paired_tests.csv"])
        ]
        return cls(
            dataset=read_json(known["data/dataset.json"]),
            order=names,
            models={name: _read_model(name, known) for name in names if name not in failed},
            failed=failed,
            pairs=pairs,
            agreement=read_json(known["model_agreement.json"]) if "model_agreement.json" in known else {},
            files=known,
            records=records,
            verdict=read_json(known["verdict.json"]) if "verdict.json" in known else {},
        )

    def read_json(self, path: str) -> dict[str, Any] | None:
        """Read an optional file of the run; None if it is missing or failed."""
        return read_json(self.files[path]) if path in self.files else None

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The entries of checks.json."""
        return read_json(self.files["checks.json"]) if "checks.json" in self.files else []

    @property
    def failed_seeds(self) -> dict[str, Failure]:
        """The failures of further seeds of models that did not fail, by `model/seed_n`."""
        runs = {path: PurePosixPath(path).parent for path in self.records if path.endswith("/metrics.json")}
        return {
            run.relative_to("models").as_posix(): self.records[path]
            for path, run in runs.items()
            if run.parent.name in self.models
        }

    def missing_outputs(self, model: str) -> list[Failure]:
        """Return why some files of a model, such as its figures, are missing."""
        folders = (f"models/{model}", f"figures/{model}")
        failures = [
            failure
            for path, failure in self.records.items()
            if PurePosixPath(path).parent.as_posix() in folders
        ]
        return list(dict.fromkeys(failures))

    @property
    def reference_models(self) -> list[str]:
        """The models of the reference study on CIFAR-10; none on other images."""
        on_cifar10 = self.dataset["type"] == reference_results.DATASET_KIND
        return [name for name in self.models if on_cifar10 and name in reference_results.ACCURACY]

    @property
    def n_pixels(self) -> int:
        """Number of pixel values of an image."""
        return math.prod(self.dataset["image_shape"])

    @property
    def metric(self) -> str:
        """The metric that ranks the models."""
        return self.verdict.get("metric", "accuracy")

    @cached_property
    def all_ranked(self) -> list[ModelResult]:
        """The models by the metric, the best first; ties in the configuration's order."""
        return sorted(self.models.values(), key=lambda model: -read_score(model.metrics, self.metric))

    @cached_property
    def ranking(self) -> list[ModelResult]:
        """The models without pretrained features, the best first; all models if every one is pretrained."""
        return [model for model in self.all_ranked if not model.pretrained] or self.all_ranked

    @property
    def pretrained_models(self) -> list[ModelResult]:
        """The models outside the ranking, since their features were trained on other images."""
        return [model for model in self.all_ranked if model not in self.ranking]

    def pair(self, first: ModelResult, second: ModelResult) -> PairedComparison:
        """Return the comparison of two models; positive where the first is more accurate."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (first.name, second.name):
                return pair
            if (pair.second, pair.first) == (first.name, second.name):
                return pair.swapped()
        raise KeyError((first.name, second.name))

    def equals(self, model: ModelResult, others: list[ModelResult]) -> list[ModelResult]:
        """Return those of other models that do not differ significantly from a model, by the metric."""
        return [other for other in others if other is not model and not self.differ(model, other)]

    def differ(self, model: ModelResult, other: ModelResult) -> bool:
        """Return whether two models differ significantly by the metric."""
        if self.metric == "accuracy":
            return self.pair(model, other).is_significant
        better = self.verdict["significantly_better"]
        return other.name in better.get(model.name, []) or model.name in better.get(other.name, [])


def _read_model(name: str, files: dict[str, Path]) -> ModelResult:
    def read_run(folder: str, other_seeds: list[ModelResult]) -> ModelResult:
        def read(file: str, reader: Callable[[Path], Any], default: Any) -> Any:
            path = f"{folder}/{file}"
            return reader(files[path]) if path in files else default

        learning = read("training_summary.json", read_json, {})
        return ModelResult(
            name=name,
            fit=read_json(files[f"{folder}/fit.json"]),
            metrics=read_json(files[f"{folder}/metrics.json"]),
            # A curve without a summary is left out.
            history=read("history.csv", read_csv, []) if learning else [],
            learning=learning,
            grid=read("cv_results.csv", read_csv, []),
            other_seeds=other_seeds,
        )

    folder = f"models/{name}"
    seeds = [path.removesuffix("/metrics.json") for path in files if path.startswith(f"{folder}/seed_")]
    return read_run(folder, [read_run(path, []) for path in seeds if f"{path}/metrics.json" in files])
