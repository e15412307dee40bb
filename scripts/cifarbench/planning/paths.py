"""Where the files of a study lie. `<results>` stands for a dataset's folder, as the rules have it."""

import json
import re
from typing import Any

from cifarbench.planning.experiment import ALL, PIXELS, Experiment, FeatureSet, RunId
from cifarbench.planning.model_family import DataShape

RESULTS = "<results>"
# Searches among fewer images are done sooner than they are put together.
MIN_SHARED_SIZE = 1000
# A part of the training images: `all`, `fold_0_of_3`, `train_500`, `train_500_fold_0_of_3`.
SUBSET_PATTERN = re.compile(r"(?:(train_\d+)(?:_|$))?(?:fold_(\d+)_of_(\d+))?")


def canonical_json(content: Any) -> str:
    """One text for all that a job's result depends on, the same whatever the order of its keys.

    Snakemake keeps the values of params without their names, and in their order: as separate params, two swapped
    values would change nothing, and two swapped lines of YAML would change everything.
    """
    return json.dumps(content, sort_keys=True)


def size_suffix(n_images: int | str) -> str:
    """The size of a run that is fitted to the first so many training images, as it stands in its path."""
    return f"/train_{n_images}"


def subset_name(size: str) -> str:
    """The part of the training images that a run of that size is fitted to."""
    return size.removeprefix("/") or ALL


def split_file_name(part: str) -> str | None:
    """The name of the division that a part is read from: `fold_0_of_3` is of `folds_of_3`; None for `all`."""
    if part == ALL:
        return None
    first, fold, folds = SUBSET_PATTERN.fullmatch(part).groups()
    if fold is None:
        return "order"
    return f"{first}_folds_of_{folds}" if first else f"folds_of_{folds}"


def split_files(part: str) -> list[str]:
    """The file that says which images are in a part; none for all of them."""
    name = split_file_name(part)
    return [f"{RESULTS}/splits/{name}.npy"] if name else []


def _within(paths: list[str]) -> list[str]:
    """Paths relative to the dataset's folder, as its files name each other."""
    return [path.removeprefix(f"{RESULTS}/") for path in paths]


class ResultPaths:
    """The files of a plan's models and features.

    sizes: parts of the training images that all models are fitted to, ascending; what lies within another one of them
    need not be searched again.
    """

    def __init__(self, plan: Experiment, sizes: list[int] | None = None):
        self.experiment = plan
        self.sizes = [size for size in sizes or [] if size >= MIN_SHARED_SIZE]

    def features_file(self, name: str, part: str, split: str) -> str:
        """Features of all `train` or `test` images, fitted to a part; of pixels, the images themselves."""
        if name == PIXELS:
            return f"{RESULTS}/data/{split}_images.npy"
        return f"{RESULTS}/features/{name}/{self.experiment.fit_subset(name, part)}/{split}.npy"

    def fitted_files(self, features: FeatureSet, part: str) -> list[str]:
        """What features have learned from a part; none where there is nothing to learn."""
        return [f"{RESULTS}/fitted/{features.fit}/{part}.npz"] if features.type.is_fitted else []

    def covariance_files(self, features: FeatureSet, part: str) -> list[str]:
        """The moments of pixels that features are fitted to: those of all images, and those that a fold leaves out.

        None where there are no more images than pixels: products of images are fewer than products of pixels.
        """
        if not features.type.uses_covariance or features.inputs != PIXELS:
            return []
        whole = part.rpartition("fold_")[0].removesuffix("_") if "fold" in part else part
        setting = DataShape.from_dataset(self.experiment.dataset)
        n_images = setting.n_train if whole in ("", ALL) else int(whole.removeprefix("train_"))
        if n_images <= setting.n_inputs:
            return []
        return [f"{RESULTS}/covariance/{name}.npz" for name in dict.fromkeys([whole or ALL, part])]

    def best_params_of_features(self, features: FeatureSet, part: str) -> list[str]:
        """The choice of the grid that some of the features' parameters wait for."""
        return (
            self.best_params_file(features.tuned_by, "" if part == ALL else f"/{part}")
            if features.tuned_params
            else []
        )

    def best_params_of_fit(self, features: FeatureSet, part: str) -> list[str]:
        """The same, if the fit itself waits for it."""
        waits = any(key in features.tuned_params for key in features.fit_params)
        return self.best_params_of_features(features, part) if waits else []

    def best_params_file(self, model: str, size: str = "") -> list[str]:
        """A grid's choice; none for a model that is not tuned."""
        return [f"{RESULTS}/models/{model}{size}/best_params.json"] if self.experiment.n_folds(model) else []

    def tuning_cost_files(self, model: str, size: str = "") -> list[str]:
        """What a grid search has cost; none for a model that is not tuned."""
        return [
            path.replace("best_params.json", "tuning_cost.json")
            for path in self.best_params_file(model, size)
        ]

    def feature_timing_files(self, name: str, part: str, *splits: str) -> list[str]:
        """What features have cost: to compute them, and with `train` among the splits, to fit them."""
        paths = []
        for one in self.experiment.feature_pipeline(name):
            place = self.experiment.fit_subset(one.name, part)
            if one.type.is_fitted and "train" in splits:
                learned = [*self.fitted_files(one, place), *self.covariance_files(one, place)]
                paths += [path.replace(".npz", ".json") for path in learned]
            paths += [f"{RESULTS}/features/{one.name}/{place}/{split}.json" for split in splits]
        return list(dict.fromkeys(paths))

    def shard_files(self, run: RunId) -> list[str]:
        """Return the results of the searches that a search among the first n images shares with smaller sizes.

        These images are those of the next smaller size and the rest, if their features are the same for both.
        """
        # One job builds the index of an approximate search, of all images, and searches it.
        if self.experiment.family(run.model).package != "knn" or self.experiment.entry(run.model).get("ann"):
            return []
        size = int(run.size.removeprefix("/train_") or 0)
        part = subset_name(run.size)
        shared = self.experiment.fit_subset(self.experiment.features_of(run.model), part) == ALL
        if size not in self.sizes or len(self.sizes) < 2 or not shared or self.experiment.n_folds(run.model):
            return []
        sizes = self.sizes[: self.sizes.index(size) + 1]
        return [
            f"{RESULTS}/models/{run.model}/train_{one}/shards/from_{below}.npz"
            for below, one in zip([0, *sizes], sizes, strict=False)
        ]

    def cv_score_files(self, model: str, size: str = "") -> list[str]:
        """What each cell of a grid has scored: cell by cell, then fold by fold."""
        return [
            f"{RESULTS}/models/{model}/cv/{part}/{cell}.json"
            for cell in self.experiment.grid_cells(model)
            for part in self.experiment.fold_names(model, size)
        ]

    def cv_timing_files(self, model: str, size: str = "") -> list[str]:
        """What the features of a grid's cells have cost."""
        paths = [
            path
            for cell in self.experiment.grid_cells(model)
            for part in self.experiment.fold_names(model, size)
            for path in self.feature_timing_files(self.experiment.features_of(model, cell), part, "train")
        ]
        return list(dict.fromkeys(paths))

    def model_params_json(self, model: str, size: str = "", **more: Any) -> dict[str, Any]:
        """What a run's model is, for its jobs: its hyperparameters, those that a grid decides, and its features."""
        plan, part = self.experiment, subset_name(size)
        grid = plan.grid(model) if plan.n_folds(model) else {}
        name = plan.features_of(model)
        chain = plan.feature_pipeline(name)
        return {
            "model": model,
            "family": plan.entry(model)["family"],
            "params": plan.params(model),
            "chosen": [key for key in grid if plan.resolve_param(model, key)[0] is None],
            "features": [
                {"name": one.base, "type": one.type.name, "params": one.params, "chosen": one.tuned_params}
                for one in chain
            ],
            "pretrained": any(one.type.pretrained for one in chain),
            "part": part,
            "stored": {
                "package": plan.family(model).package,
                "part": part,
                "division": _within(split_files(part)),
                "values": _within([self.features_file(name, part, "train")])[0],
                "fitted": [_within(self.fitted_files(one, plan.fit_subset(one.name, part))) for one in chain],
            },
            **more,
        }

    def cv_params_json(self, model: str, cell: str, part: str, **more: Any) -> dict[str, Any]:
        """What one cell of a grid is: a candidate's hyperparameters on a fold."""
        own, _ = self.experiment.split_params(model, self.experiment.grid_cells(model)[cell])
        return {"model": model, "params": self.experiment.params(model, own), "part": part, **more}

    def grid_params_json(self, model: str) -> dict[str, Any]:
        """What a grid's choice depends on."""
        plan = self.experiment
        return {
            "grid": plan.grid(model),
            "names": plan.column_names(model),
            "cells": list(plan.grid_cells(model).values()),
            "every_value_of": plan.family(model).shared_search_param,
            "folds": plan.n_folds(model),
        }

    def features_params_json(self, features: FeatureSet, part: str | None, seed: int) -> dict[str, Any]:
        """What a fit to a part is, or with None what is made of it for any images."""
        keys = list(features.type.parameters) if part is None else features.fit_params
        fitting = {} if part is None else {"part": part, "seed": seed if features.type.is_seeded else 0}
        return {
            "type": features.type.name,
            "params": {key: features.params[key] for key in keys if key in features.params},
            "chosen": {name: key for name, key in features.tuned_params.items() if name in keys},
            **fitting,
        }

    def filters_source(self, model: str) -> tuple[str, str] | None:
        """What a model has learned to look for in images: the file, and the module that reads it; None if nothing."""
        family = self.experiment.family(model)
        if family.filters:
            return f"{RESULTS}/models/{model}/{family.artifacts[0]}", family.filters
        for one in self.experiment.feature_pipeline(self.experiment.features_of(model))[:1]:
            if one.type.filters:
                return self.fitted_files(one, ALL)[0], one.type.filters
        return None

    # ---- All that a finished study consists of ----

    def grid_search_files(self, model: str) -> list[str]:
        """The files of a grid search, those of its folds included."""
        if not self.experiment.n_folds(model):
            return []
        parts = self.experiment.fold_names(model)
        variants = [self.experiment.features_of(model, cell) for cell in self.experiment.grid_cells(model)]
        return [
            *split_files(parts[0]),
            *(path for part in parts for name in variants for path in self._of_features(name, part, "train")),
            *self.cv_score_files(model),
            *(f"{RESULTS}/models/{model}/{file}" for file in ("best_params.json", "cv_results.csv")),
        ]

    def feature_files(self, model: str) -> list[str]:
        """The files of a model's features."""
        return self._of_features(self.experiment.features_of(model), ALL, "train", "test")

    def model_files(self, run: RunId) -> list[str]:
        """The files of a run of any family."""
        family = self.experiment.family(run.model)
        files = [
            *family.artifacts,
            *["training_summary.json"] * family.has_epochs,
            "predictions.npz",
            "fit.json",
            "metrics.json",
        ]
        return [f"{RESULTS}/models/{run.path}/{file}" for file in files]

    def inference_files(self, model: str) -> list[str]:
        """What it takes, beside a model's own files, to ask it again: what features have learned, and its images."""
        name = self.experiment.features_of(model)
        learned = [
            path for one in self.experiment.feature_pipeline(name) for path in self.fitted_files(one, ALL)
        ]
        return [*learned, self.features_file(name, ALL, "train")]

    def _of_features(self, name: str, part: str, *splits: str) -> list[str]:
        found = []
        for one in self.experiment.feature_pipeline(name):
            place = self.experiment.fit_subset(one.name, part)
            found += [*self.covariance_files(one, place), *self.fitted_files(one, place)]
            found += [self.features_file(one.name, part, split) for split in splits]
        return found
