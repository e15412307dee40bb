"""What a run left behind, read back for those who look at all of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from cifarbench.report import published
from cifarbench.study.errors import UserError
from cifarbench.study.files import read_json
from cifarbench.study.tables import Row, read_rows

ALPHA = 0.05


@dataclass(frozen=True)
class Pair:
    """How much more accurate one model is than another on the same test images (negative: less)."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    p_value_adjusted: float

    @property
    def spans_zero(self) -> bool:
        """Whether the 95% interval of the difference holds zero."""
        return self.low <= 0 <= self.high

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves zero out and the corrected test rejects equality."""
        return not self.spans_zero and self.p_value_adjusted < ALPHA

    def turned(self) -> Self:
        """The same difference, seen from the second model."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
        )


@dataclass(frozen=True)
class Model:
    """One trained model: the contents of its files, and what its properties say about it.

    `history`, `learning` (what it shows) and `grid` are empty for a model that has none. `reruns` are
    the same model with further seeds.
    """

    name: str
    row: Row
    fit: dict[str, Any]
    metrics: dict[str, Any]
    history: list[Row] = field(default_factory=list)
    learning: dict[str, Any] = field(default_factory=dict)
    grid: list[Row] = field(default_factory=list)
    reruns: list[Self] = field(default_factory=list)

    @property
    def params(self) -> dict[str, Any]:
        """The hyperparameters, after a grid's choice."""
        return self.fit["params"]

    @property
    def accuracy(self) -> float:
        """Share of the test images that are named rightly."""
        return self.metrics["accuracy"]

    @property
    def accuracies(self) -> list[float]:
        """Accuracy with every seed, the first one leading."""
        return [model.accuracy for model in self.every_seed]

    @property
    def mean_accuracy(self) -> float:
        """Mean accuracy over all seeds."""
        return fmean(self.accuracies)

    @property
    def every_seed(self) -> list[Self]:
        """This model and its reruns."""
        return [self, *self.reruns]

    @property
    def is_network(self) -> bool:
        """Whether it learned in epochs."""
        return bool(self.history)

    @property
    def is_neighbors(self) -> bool:
        """Whether it looks for nearest neighbours."""
        return "n_neighbors" in self.params

    def column(self, name: str) -> list[float]:
        """One column of the history, a value an epoch."""
        return [row[name] for row in self.history]


@dataclass(frozen=True)
class Run:
    """All models of a run, in the configuration's order, and what was found between them.

    `files` maps paths relative to the run's folder to where they are; only what is named there is read.
    """

    dataset: dict[str, Any]
    models: dict[str, Model]
    pairs: list[Pair]
    agreement: dict[str, Any]
    files: dict[str, Path]

    @classmethod
    def read(cls, folder: Path, files: list[Path]) -> Self:
        """Read a run from `files`, which lie under `folder` (results/<dataset>).

        Raises UserError if one of the files that every report needs is not among them.
        """
        known = {path.relative_to(folder).as_posix(): path for path in files}
        for name in ("comparison.csv", "paired_tests.csv", "data/dataset.json"):
            if name not in known:
                raise UserError(f"{folder / name} is not among the files of the report; give it too.")
        rows = {row["model"]: row for row in read_rows(known["comparison.csv"])}
        pairs = [
            Pair(
                row["model_a"],
                row["model_b"],
                row["accuracy_difference"],
                row["ci_low"],
                row["ci_high"],
                row["p_value"],
                row["p_value_adjusted"],
            )
            for row in read_rows(known["paired_tests.csv"])
        ]
        return cls(
            dataset=read_json(known["data/dataset.json"]),
            models={name: _model(name, row, known) for name, row in rows.items()},
            pairs=pairs,
            agreement=read_json(known["agreement.json"]) if "agreement.json" in known else {},
            files=known,
        )

    @property
    def neighbors(self) -> list[Model]:
        """The models that look for nearest neighbours."""
        return [model for model in self.models.values() if model.is_neighbors]

    @property
    def untuned_neighbors(self) -> list[Model]:
        """Those of them that no grid search tuned."""
        return [model for model in self.neighbors if not model.grid]

    @property
    def networks(self) -> list[Model]:
        """The models that learned in epochs."""
        return [model for model in self.models.values() if model.is_network]

    @property
    def plain_network(self) -> Model | None:
        """The first network without batch norm and dropout."""
        plain = (
            model
            for model in self.networks
            if not model.params.get("batch_norm") and not model.params.get("dropout")
        )
        return next(plain, None)

    @property
    def is_published(self) -> bool:
        """Whether the notebook's figures are on these images."""
        return self.dataset["dataset"] == published.DATASET

    @property
    def n_features(self) -> int:
        """Number of pixel values of an image."""
        return math.prod(self.dataset["image_shape"])

    def weights_on_pixels(self, model: Model) -> int:
        """How many weights a dense network has in its first layer, one a pixel value and hidden unit."""
        return self.n_features * model.params["hidden_dim"]

    @cached_property
    def ranking(self) -> list[Model]:
        """The models, the most accurate first; equals in the configuration's order."""
        return sorted(self.models.values(), key=lambda model: -model.accuracy)

    def pair(self, first: Model, second: Model) -> Pair:
        """The difference between two models; positive where the first is more accurate."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (first.name, second.name):
                return pair
            if (pair.second, pair.first) == (first.name, second.name):
                return pair.turned()
        raise KeyError((first.name, second.name))


def _model(name: str, row: Row, files: dict[str, Path]) -> Model:
    def one(folder: str, reruns: list[Model]) -> Model:
        def content(file: str, read: Callable[[Path], Any], missing: Any = None) -> Any:
            path = f"{folder}/{file}"
            return read(files[path]) if path in files or missing is None else missing

        return Model(
            name=name,
            row=row,
            fit=content("fit.json", read_json),
            metrics=content("metrics.json", read_json),
            history=content("history.csv", read_rows, missing=[]),
            learning=content("learning.json", read_json, missing={}),
            grid=content("cv_results.csv", read_rows, missing=[]),
            reruns=reruns,
        )

    folder = f"models/{name}"
    seeds = [path.removesuffix("/metrics.json") for path in files if path.startswith(f"{folder}/seed_")]
    return one(folder, [one(path, []) for path in seeds if f"{path}/metrics.json" in files])
