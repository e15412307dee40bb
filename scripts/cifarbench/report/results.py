"""What a run left behind, read back for those who look at all of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from statistics import fmean
from typing import Any, Self

from cifarbench.report import published
from cifarbench.study.errors import UserError
from cifarbench.study.failures import Failure
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
    """One trained model: the contents of its files.

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
    def kind(self) -> str:
        """What it belongs to, as an English plural."""
        return self.fit["kind"]

    @property
    def features(self) -> list[dict[str, Any]]:
        """What it looks at, from pixels on: `name`, `kind` and `params` of each; none for pixels as they are."""
        return self.fit["features"]

    @property
    def own_params(self) -> dict[str, Any]:
        """The classifier's hyperparameters, without those of its features."""
        of_features = {name: value for one in self.features for name, value in one["params"].items()}
        return dict(item for item in self.params.items() if item not in of_features.items())

    @property
    def pretrained(self) -> bool:
        """Whether its features have seen other images than the training images."""
        return self.fit.get("pretrained", False)

    @property
    def tuned(self) -> bool:
        """Whether a grid search chose some of its hyperparameters."""
        return bool(self.grid)

    def column(self, name: str) -> list[float]:
        """One column of the history, a value an epoch."""
        return [row[name] for row in self.history]


@dataclass(frozen=True)
class Run:
    """All models of a run, in the configuration's order, and what was found between them.

    `order` names all of them; those of `failed` are not among `models`. `files` maps paths relative to the run's
    folder to where they are; only what is named there is read. `records` are those that hold a failure instead.
    """

    dataset: dict[str, Any]
    order: list[str]
    models: dict[str, Model]
    failed: dict[str, Failure]
    pairs: list[Pair]
    agreement: dict[str, Any]
    files: dict[str, Path]
    records: dict[str, Failure]

    @classmethod
    def read(cls, folder: Path, files: list[Path]) -> Self:
        """Read a run from `files`, which lie under `folder` (results/<dataset>).

        Raises UserError if one of the files that every report needs is not among them.
        """
        known = {path.relative_to(folder).as_posix(): path for path in files}
        records = {name: failure for name, path in known.items() if (failure := Failure.read(path))}
        known = {name: path for name, path in known.items() if name not in records}
        for name in ("comparison.csv", "paired_tests.csv", "data/dataset.json"):
            if name not in known:
                raise UserError(f"{folder / name} is not among the files of the report; give it too.")
        rows = {row["model"]: row for row in read_rows(known["comparison.csv"])}
        failed = {
            name: records[path]
            for name in rows
            for path in (f"models/{name}/metrics.json", f"models/{name}/fit.json")
            if path in records
        }
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
            order=list(rows),
            models={name: _model(name, row, known) for name, row in rows.items() if name not in failed},
            failed=failed,
            pairs=pairs,
            agreement=read_json(known["agreement.json"]) if "agreement.json" in known else {},
            files=known,
            records=records,
        )

    @property
    def failed_seeds(self) -> dict[str, Failure]:
        """Further seeds that failed, of models that did not, as `model/seed_n`."""
        runs = {path: PurePosixPath(path).parent for path in self.records if path.endswith("/metrics.json")}
        return {
            run.relative_to("models").as_posix(): self.records[path]
            for path, run in runs.items()
            if run.parent.name in self.models
        }

    def missing(self, model: str) -> list[Failure]:
        """Why some of the files that tell of a model, such as its figures, are not there."""
        folders = (f"models/{model}", f"figures/{model}")
        found = [
            self.records[path] for path in self.records if PurePosixPath(path).parent.as_posix() in folders
        ]
        return list(dict.fromkeys(found))

    @property
    def has_curves(self) -> bool:
        """Whether any model learned in epochs."""
        return any(model.history for model in self.models.values())

    @property
    def has_grids(self) -> bool:
        """Whether any model was tuned."""
        return any(model.tuned for model in self.models.values())

    @property
    def is_published(self) -> bool:
        """Whether the notebook's figures are on these images."""
        return self.dataset["dataset"] == published.DATASET

    @property
    def n_features(self) -> int:
        """Number of pixel values of an image."""
        return math.prod(self.dataset["image_shape"])

    @cached_property
    def everyone(self) -> list[Model]:
        """The models, the most accurate first; equals in the configuration's order."""
        return sorted(self.models.values(), key=lambda model: -model.accuracy)

    @cached_property
    def ranking(self) -> list[Model]:
        """Those of them that have seen the training images alone; all if none has."""
        return [model for model in self.everyone if not model.pretrained] or self.everyone

    @property
    def apart(self) -> list[Model]:
        """Those beside them whose features have seen other images, which are no rivals."""
        return [model for model in self.everyone if model not in self.ranking]

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

        learning = content("learning.json", read_json, missing={})
        return Model(
            name=name,
            row=row,
            fit=content("fit.json", read_json),
            metrics=content("metrics.json", read_json),
            # A curve that could not be described is none.
            history=content("history.csv", read_rows, missing=[]) if learning else [],
            learning=learning,
            grid=content("cv_results.csv", read_rows, missing=[]),
            reruns=reruns,
        )

    folder = f"models/{name}"
    seeds = [path.removesuffix("/metrics.json") for path in files if path.startswith(f"{folder}/seed_")]
    return one(folder, [one(path, []) for path in seeds if f"{path}/metrics.json" in files])
