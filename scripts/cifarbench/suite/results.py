"""What a comparison across datasets has found, read back from its files."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row, read_csv
from cifarbench.suite.results_table import drop_failed, reference_runs


@dataclass(frozen=True)
class BenchmarkResults:
    """datasets, models: in their order. The rest: rows of the tables, and of each dataset with sizes its curves."""

    datasets: list[str]
    models: list[str]
    runs: list[Row]
    ranks: list[Row]
    tests: list[Row]
    variances: list[Row]
    pairs: list[Row]
    curves: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, settings: dict[str, Any], tables: dict[str, Path], curves: list[Path]) -> Self:
        """settings: `datasets`, `models`, `with_curves`. tables: by the names of the fields that they fill."""
        return cls(
            datasets=settings["datasets"],
            models=settings["models"],
            **{name: read_csv(path) for name, path in tables.items()},
            curves=dict(zip(settings["with_curves"], map(read_json, curves), strict=True)),
        )

    @cached_property
    def by_model_and_dataset(self) -> dict[tuple[str, str], Row]:
        """The model's own run, failed or not, by model and dataset; those that never were are not there."""
        return {(one["model"], one["dataset"]): one for one in reference_runs(self.runs)}

    @property
    def best(self) -> dict[str, list[str]]:
        """Dataset -> the most accurate of the models' own runs there: several if they are equal."""
        found = {}
        for dataset in self.datasets:
            column = {
                model: one["accuracy"]
                for (model, of), one in self.by_model_and_dataset.items()
                if of == dataset and one["failure"] is None
            }
            if column:
                found[dataset] = [model for model, value in column.items() if value == max(column.values())]
        return found

    @cached_property
    def ranked(self) -> dict[str, float]:
        """Model -> mean rank, the best first, of the models that all datasets have a result of."""
        found = {one["model"]: one["mean_rank"] for one in self.ranks if one["mean_rank"] is not None}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    @cached_property
    def accuracies(self) -> dict[str, dict[str, float]]:
        """Dataset -> model -> mean accuracy over splits."""
        found: dict[str, dict[str, float]] = {dataset: {} for dataset in self.datasets}
        for one in self.ranks:
            found[one["dataset"]][one["model"]] = one["accuracy"]
        return found

    @property
    def failed_models(self) -> list[Row]:
        """The runs that failed."""
        return [one for one in self.runs if one["failure"] is not None]

    def split_by_epoch_training(self, dataset: str) -> tuple[list[str], list[str]]:
        """The models of a dataset that have a curve: those that learn in epochs, and the others."""
        learns = {one["model"] for one in drop_failed(self.runs) if one["is_iterative"]}
        curves = self.curves[dataset]["models"]
        return [model for model in curves if model in learns], [
            model for model in curves if model not in learns
        ]
