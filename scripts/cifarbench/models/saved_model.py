"""Find the files of a fitted model, to predict other images with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json
from cifarbench.runtime.failures import Failure


class Predictions(NamedTuple):
    """Predictions for N images.

    y_pred: (N,) int64. proba: (N, n_classes) float32. neighbors: (N, K) int64, indices of the nearest training images,
    nearest first; None for models other than k-NN.
    """

    y_pred: np.ndarray
    proba: np.ndarray
    neighbors: np.ndarray | None = None


@dataclass(frozen=True)
class SavedModel:
    """A fitted model: the dataset's folder, the model's folder below `models`, and its fit.json and dataset.json."""

    results: Path
    run: str
    fit: dict[str, Any]
    dataset: dict[str, Any]

    @classmethod
    def read(cls, results: Path, run: str) -> Self:
        """Read a model's fit.json and dataset.json. Raises UserError if there is no such model, or if it failed."""
        path = results / "models" / run / "fit.json"
        if not path.is_file():
            known = sorted(full_path.parent.name for full_path in results.glob("models/*/fit.json"))
            raise UserError(
                f"{path} does not exist; name one of {', '.join(known)}, or run the experiment first."
                if known
                else f"{results} has no fitted model; run the experiment first."
            )
        if failure := Failure.read(path):
            raise UserError(f"{run} failed in {failure.step}: {failure.reason}; name another model.")
        fit = read_json(path)
        if fit.get("inference", {}) is None:
            raise UserError(f"{run} is predictions of a file, without a model to use; name another model.")
        if "inference" not in fit:
            raise UserError(f"{path} was written by an older version; run the experiment again.")
        return cls(results, run, fit, read_json(results / "data/dataset.json"))

    @property
    def params(self) -> dict[str, Any]:
        """Return the hyperparameters, as the family defines them."""
        return self.fit["inference"]["params"]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Return channels, height and width."""
        return tuple(self.dataset["image_shape"])

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.dataset["classes"])

    @property
    def package(self) -> str:
        """Return the package below `models` that fitted the model."""
        return self.fit["inference"]["package"]

    @property
    def threads(self) -> int:
        """Return the number of threads of the fit; with another number, sums may round differently."""
        return self.fit["threads"]

    def file(self, name: str) -> Path:
        """Return the path of a file in the model's folder. Raises UserError if there is no such file."""
        return self.path(f"models/{self.run}/{name}")

    def path(self, path: str) -> Path:
        """Return the path of a file below the dataset's folder. Raises UserError if there is no such file."""
        full_path = self.results / path
        if not full_path.is_file():
            raise UserError(f"{full_path} does not exist; run the experiment again to create it.")
        return full_path

    def train_inputs(self) -> np.ndarray:
        """Return the inputs of all training images: (N, D), pixels or features, mapped from the file."""
        return np.load(self.path(self.fit["inference"]["values"]), mmap_mode="r")

    def subset_indices(self) -> np.ndarray | None:
        """Return the split assignment of the training images; None if the model was fitted to all of them."""
        paths = self.fit["inference"]["division"]
        return np.load(self.path(paths[0])) if paths else None

    def features(self) -> list[tuple[str, dict[str, Any], Path | None]]:
        """Return type, parameters and fitted state's file (or None) of each step of the feature pipeline."""
        return [
            (step["type"], step["params"], self.path(paths[0]) if paths else None)
            for step, paths in zip(self.fit["features"], self.fit["inference"]["fitted"], strict=True)
        ]
