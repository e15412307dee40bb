"""Name the files of an experiment. `<results>` is the dataset's folder, as in the rules."""

import json
import re
from itertools import chain
from math import prod
from typing import Any

from cifarbench.planning.experiment import ALL, PIXELS, Experiment, FeatureSet, RunId

RESULTS = "<results>"
# Images; below, one search is faster than merging the results of several.
MIN_SHARED_SIZE = 1000
# A subset of the training images: `all`, `fold_0_of_3`, `train_500`, `train_500_fold_0_of_3`.
SUBSET_PATTERN = re.compile(r"(?:(train_\d+)(?:_|$))?(?:fold_(\d+)_of_(\d+))?")


def results_root(config: dict[str, Any]) -> str:
    """Return the folder of an experiment's datasets: `results`, or `results/<name>` if the configuration has a name."""
    return "/".join(["results", *filter(None, [config.get("name")])])


def canonical_json(content: Any) -> str:
    """Return JSON with sorted keys, since Snakemake compares the values of params in their order, without names."""
    return json.dumps(content, sort_keys=True)


def size_suffix(n_images: int | str) -> str:
    """Return the part of a run's path for its number of training images."""
    return f"/train_{n_images}"


def subset_name(size: str) -> str:
    """Return the name of the subset of the training images that a run of a size is fitted to."""
    return size.removeprefix("/") or ALL


def split_of_subset(part: str) -> str | None:
    """Return the name of the split that has a subset: `folds_of_3` for `fold_0_of_3`; None for `all`."""
    if part == ALL:
        return None
    match = SUBSET_PATTERN.fullmatch(part)
    assert match, part
    size, fold, folds = match.groups()
    if fold is None:
        return "order"
    return f"{size}_folds_of_{folds}" if size else f"folds_of_{folds}"


def split_files(part: str) -> list[str]:
    """Return the file that assigns images to a subset; none for all images."""
    name = split_of_subset(part)
    return [f"{RESULTS}/splits/{name}.npy"] if name else []


def _within(paths: list[str]) -> list[str]:
    """Return paths relative to the dataset's folder."""
    return [path.removeprefix(f"{RESULTS}/") for path in paths]


class ResultPaths:
    """The files of an experiment's models and features.

    sizes: sizes of the training subsets, ascending; a search among one of them uses the searches among smaller ones.
    """

    def __init__(self, plan: Experiment, sizes: list[int] | None = None):
        self.experiment = plan
        self.sizes = [size for size in sizes or [] if size >= MIN_SHARED_SIZE]

    def features_file(self, name: str, part: str, split: str) -> str:
        """Return the file of the features of all `train` or `test` images, fitted to a subset."""
        if name == PIXELS:
            return f"{RESULTS}/data/{split}_images.npy"
        return f"{RESULTS}/features/{name}/{self.experiment.fit_subset(name, part)}/{split}.npy"

    def fitted_files(self, features: FeatureSet, part: str) -> list[str]:
        """Return the files of features fitted to a subset; none for features that need no fit."""
        return [f"{RESULTS}/fitted/{features.fit}/{part}.npz"] if features.type.is_fitted else []

    def weights_files(self, features: FeatureSet) -> list[str]:
        """Return the receipts of the published weights that features need: of those of every candidate if tuned."""
        tuned = self.experiment.tuned_values(features.tuned_by) if features.tuned_by else {}
        variants = [{name: value} for name, key in features.tuned_params.items() for value in tuned[key]]
        backbones = [features.type.backbone(features.params | variant) for variant in [{}, *variants]]
        return [f"{RESULTS}/weights/{name}.json" for name in dict.fromkeys(backbones) if name]

    def covariance_files(self, features: FeatureSet, part: str) -> list[str]:
        """Return the covariances that features are fitted to: of all images, and of those that a fold leaves out.

        None if there are fewer images than pixels, since features are then fitted to the images' Gram matrix.
        """
        if not features.type.uses_covariance or features.inputs != PIXELS:
            return []
        subset = (part.rpartition("fold_")[0].removesuffix("_") if "fold" in part else part) or ALL
        n_images = self.experiment.n_train if subset == ALL else int(subset.removeprefix("train_"))
        if n_images <= prod(self.experiment.dataset["image_shape"]):
            return []
        return [f"{RESULTS}/covariance/{name}.npz" for name in dict.fromkeys([subset, part])]

    def best_params_of_features(self, features: FeatureSet, part: str) -> list[str]:
        """Return the best parameters of the grid that decides parameters of features; none without such a grid."""
        if not (features.tuned_params and features.tuned_by):
            return []
        return self.best_params_file(features.tuned_by, "" if part == ALL else f"/{part}")

    def best_params_of_fit(self, features: FeatureSet, part: str) -> list[str]:
        """Return the best parameters that the features' fit depends on; none if no grid decides its parameters."""
        is_tuned = any(key in features.tuned_params for key in features.fit_params)
        return self.best_params_of_features(features, part) if is_tuned else []

    def best_params_file(self, model: str, size: str = "") -> list[str]:
        """Return the file of a grid's best parameters; none for a model that is not tuned."""
        return [f"{RESULTS}/models/{model}{size}/best_params.json"] if self.experiment.n_folds(model) else []

    def tuning_cost_files(self, model: str, size: str = "") -> list[str]:
        """Return the file of a grid search's cost; none for a model that is not tuned."""
        return [f"{RESULTS}/models/{model}{size}/tuning_cost.json"] if self.experiment.n_folds(model) else []

    def feature_timing_files(self, name: str, part: str, *splits: str) -> list[str]:
        """Return the cost files of features: of computing them, and with `train` among the splits, of fitting them."""
        paths = []
        for step, subset in self._feature_steps(name, part):
            if "train" in splits:
                fitted = [*self.fitted_files(step, subset), *self.covariance_files(step, subset)]
                paths += [path.replace(".npz", ".json") for path in fitted]
            paths += [f"{RESULTS}/features/{step.name}/{subset}/{split}.json" for split in splits]
        return list(dict.fromkeys(paths))

    def _feature_steps(self, name: str, part: str) -> list[tuple[FeatureSet, str]]:
        """Return each step of a pipeline, with the subset of the training images that it depends on."""
        plan = self.experiment
        return [(step, plan.fit_subset(step.name, part)) for step in plan.feature_pipeline(name)]

    def _cv_features(self, model: str, size: str = "") -> list[tuple[str, str]]:
        """Return the names of the features of a grid's cells, each with every fold; none without a grid."""
        plan = self.experiment
        parts = plan.fold_names(model, size)
        return [(plan.features_of(model, cell), part) for cell in plan.grid_cells(model) for part in parts]

    def shard_files(self, run: RunId) -> list[str]:
        """Return the results of the searches that a search among the first n images shares with smaller sizes.

        These images are those of the next smaller size and the rest, if their features are the same for both.
        """
        if len(self.sizes) < 2:
            return []
        # One job builds the index of an approximate search, of all images, and searches it.
        if self.experiment.family(run.model).package != "knn" or self.experiment.entry(run.model).get("ann"):
            return []
        size = int(run.size.removeprefix("/train_") or 0)
        part = subset_name(run.size)
        shared = self.experiment.fit_subset(self.experiment.features_of(run.model), part) == ALL
        if size not in self.sizes or not shared or self.experiment.n_folds(run.model):
            return []
        sizes = self.sizes[: self.sizes.index(size) + 1]
        return [
            f"{RESULTS}/models/{run.model}/train_{size}/shards/from_{smaller}.npz"
            for smaller, size in zip([0, *sizes], sizes, strict=False)
        ]

    def data_files(self, array: str) -> list[str]:
        """Return the files of the `images` or `labels` of both sets; of a cross-validation one file, with all."""
        splits = ["test"] if "n_folds" in self.experiment.dataset else ["train", "test"]
        return [f"{RESULTS}/data/{split}_{array}.npy" for split in splits]

    def fold_files(self, run: RunId, name: str = "predictions.npz") -> list[str]:
        """Return the split of a cross-validated dataset and a file of the fit without each fold; [] for others."""
        n_folds = self.experiment.dataset.get("n_folds", 0)
        if run.size or not n_folds or not self.experiment.family(run.model).is_fitted:
            return []
        parts = [f"fold_{fold}_of_{n_folds}" for fold in range(n_folds)]
        files = [f"{RESULTS}/models/{run.path}/{part}/{name}" for part in parts]
        return [*split_files(parts[0]), *files]

    def cv_score_files(self, model: str, size: str = "") -> list[str]:
        """Return the score files of a grid, cell by cell, then fold by fold."""
        return [
            f"{RESULTS}/models/{model}/cv/{part}/{cell}.json"
            for cell in self.experiment.grid_cells(model)
            for part in self.experiment.fold_names(model, size)
        ]

    def cv_timing_files(self, model: str, size: str = "") -> list[str]:
        """Return the cost files of the features of a grid's cells."""
        files = (self.feature_timing_files(*use, "train") for use in self._cv_features(model, size))
        return list(dict.fromkeys(chain.from_iterable(files)))

    def model_params_json(self, model: str, size: str = "", **more: Any) -> dict[str, Any]:
        """Return the settings of a run's jobs: hyperparameters, keys that a grid decides, features and file names."""
        plan, part = self.experiment, subset_name(size)
        name = plan.features_of(model)
        steps = self._feature_steps(name, part)
        return {
            "model": model,
            "family": plan.entry(model)["family"],
            "params": plan.params(model),
            "chosen": [key for key in plan.tuned_values(model) if plan.resolve_param(model, key)[0] is None],
            "features": [
                {
                    "name": step.base,
                    "type": step.type.name,
                    "params": step.params,
                    "chosen": step.tuned_params,
                }
                for step, _ in steps
            ],
            "pretrained": any(step.type.pretrained for step, _ in steps),
            "part": part,
            "inference": {
                "package": plan.family(model).package,
                "part": part,
                "division": _within(split_files(part)),
                "values": _within([self.features_file(name, part, "train")])[0],
                "fitted": [_within(self.fitted_files(step, subset)) for step, subset in steps],
            },
            **self._stopping_metric(model),
            **more,
        }

    def cv_params_json(self, model: str, cell: str, part: str, **more: Any) -> dict[str, Any]:
        """Return the settings of a grid cell's job: a candidate's hyperparameters and a fold."""
        params, _ = self.experiment.split_params(model, self.experiment.grid_cells(model)[cell])
        metric = self.experiment.metric
        return {
            "model": model,
            "params": self.experiment.params(model, params),
            "part": part,
            # Counts of correct predictions give accuracy.
            **({"metric": metric} if metric != "accuracy" else {}),
            **self._stopping_metric(model),
            **more,
        }

    def scored_neighbors(self, model: str) -> dict[str, list[int]]:
        """Return the setting of a kNN's grid cells whose scores are no counts: the numbers of neighbours to score."""
        plan = self.experiment
        if plan.metric == "accuracy":
            return {}
        key = next(
            (k for k in plan.tuned_values(model) if plan.resolve_param(model, k) == (None, "n_neighbors")),
            None,
        )
        tried = [candidate[key] for candidate in plan.candidates(model)] if key else []
        return {"n_neighbors": sorted({*tried}) or [plan.entry(model)["n_neighbors"]]}

    def _stopping_metric(self, model: str) -> dict[str, Any]:
        """Return the setting of a training that stops early by the configured metric."""
        metric = self.experiment.config.get("metric")
        stops = {"early_stopping"} & {*self.experiment.entry(model), *self.experiment.tuned_values(model)}
        return {"stopping_metric": metric} if metric and stops else {}

    def grid_params_json(self, model: str) -> dict[str, Any]:
        """Return the settings of the job that selects the best candidate."""
        plan = self.experiment
        return {
            "candidates": plan.candidates(model),
            "names": plan.column_names(model),
            "cells": list(plan.grid_cells(model).values()),
            "every_value_of": plan.family(model).shared_search_param,
            "folds": plan.n_folds(model),
        }

    def plot_search_params(self, model: str) -> dict[str, Any]:
        """Return the settings of a search's plot: `scales` of a random search, and `metric` unless it is accuracy."""
        scales, metric = self.experiment.search_scales(model), self.experiment.metric
        return ({"scales": scales} if scales else {}) | ({"metric": metric} if metric != "accuracy" else {})

    def features_job_settings(self, features: FeatureSet, part: str | None, seed: int) -> dict[str, Any]:
        """Return the settings of a fit to a subset, or with None those of computing features by that fit."""
        keys = list(features.type.parameters) if part is None else features.fit_params
        fitting = {} if part is None else {"part": part, "seed": seed if features.type.is_seeded else 0}
        return {
            "type": features.type.name,
            "params": {key: features.params[key] for key in keys if key in features.params},
            "chosen": {name: key for name, key in features.tuned_params.items() if name in keys},
            **fitting,
        }

    def filters_source(self, model: str) -> tuple[str, str] | None:
        """Return the file that has a model's filters, and the module that reads it; None without filters."""
        family = self.experiment.family(model)
        if family.filters:
            return f"{RESULTS}/models/{model}/{family.artifacts[0]}", family.filters
        for step in self.experiment.feature_pipeline(self.experiment.features_of(model))[:1]:
            if step.type.filters:
                return self.fitted_files(step, ALL)[0], step.type.filters
        return None

    # ---- All files of a finished experiment ----

    def grid_search_files(self, model: str) -> list[str]:
        """Return the files of a grid search, those of its folds included."""
        if not self.experiment.n_folds(model):
            return []
        return [
            *split_files(self.experiment.fold_names(model)[0]),
            *(path for use in self._cv_features(model) for path in self._of_features(*use, "train")),
            *self.cv_score_files(model),
            *(f"{RESULTS}/models/{model}/{file}" for file in ("best_params.json", "cv_results.csv")),
        ]

    def feature_files(self, model: str) -> list[str]:
        """Return the files of a model's features."""
        return self._of_features(self.experiment.features_of(model), ALL, "train", "test")

    def model_files(self, run: RunId) -> list[str]:
        """Return the files of a run. The training summary is written for runs on all training images only."""
        family = self.experiment.family(run.model)
        files = [
            *family.artifacts,
            *["training_summary.json"] * (family.has_epochs and not run.size),
            "predictions.npz",
            "fit.json",
            "metrics.json",
        ]
        return [*(f"{RESULTS}/models/{run.path}/{file}" for file in files), *self.fold_files(run)]

    def feature_fit_records(self) -> list[str]:
        """Return the cost files of all fits of features, and the splits that assign images to their subsets."""
        plan, records, splits = self.experiment, [], []
        for model in plan.models:
            for use in [(plan.features_of(model), ALL), *self._cv_features(model)]:
                for step, subset in self._feature_steps(*use):
                    fitted = self.fitted_files(step, subset)
                    records += [path.replace(".npz", ".json") for path in fitted]
                    splits += split_files(subset) if fitted else []
        return list(dict.fromkeys([*records, *splits]))

    def inference_files(self, model: str, subset: str = ALL) -> list[str]:
        """Return the files besides a model's own that predictions need: of its fitted features and its inputs."""
        name, files = self.experiment.features_of(model), []
        for step, part in self._feature_steps(name, subset):
            files += [*self.fitted_files(step, part), *self.weights_files(step)]
        return [*files, self.features_file(name, subset, "train")]

    def _of_features(self, name: str, part: str, *splits: str) -> list[str]:
        paths = []
        for step, subset in self._feature_steps(name, part):
            paths += [*self.covariance_files(step, subset), *self.fitted_files(step, subset)]
            paths += self.weights_files(step)
            paths += [self.features_file(step.name, part, split) for split in splits]
        return paths
