"""Where the files of a study lie. `<results>` stands for a dataset's folder, as the rules have it."""

import json
import re
from typing import Any

from cifarbench.study.family import Setting
from cifarbench.study.plan import ALL, PIXELS, Features, Plan, Run

RESULTS = "<results>"
# Searches among fewer images are done sooner than they are put together.
SHARED_FROM = 1000
# A part of the training images: `all`, `fold_0_of_3`, `first_500`, `first_500_fold_0_of_3`.
PART = re.compile(r"(?:(first_\d+)(?:_|$))?(?:fold_(\d+)_of_(\d+))?")


def settings(content: Any) -> str:
    """One text for all that a job's result depends on, the same whatever the order of its keys.

    Snakemake keeps the values of params without their names, and in their order: as separate params, two swapped
    values would change nothing, and two swapped lines of YAML would change everything.
    """
    return json.dumps(content, sort_keys=True)


def size_of(n_images: int | str) -> str:
    """The size of a run that is fitted to the first so many training images, as it stands in its path."""
    return f"/first_{n_images}"


def part_of(size: str) -> str:
    """The part of the training images that a run of that size is fitted to."""
    return size.removeprefix("/") or ALL


def division_of(part: str) -> str | None:
    """The name of the division that a part is read from: `fold_0_of_3` is of `folds_of_3`; None for `all`."""
    if part == ALL:
        return None
    first, fold, folds = PART.fullmatch(part).groups()
    if fold is None:
        return "order"
    return f"{first}_folds_of_{folds}" if first else f"folds_of_{folds}"


def division_files(part: str) -> list[str]:
    """The file that says which images are in a part; none for all of them."""
    name = division_of(part)
    return [f"{RESULTS}/parts/{name}.npy"] if name else []


def _within(paths: list[str]) -> list[str]:
    """Paths relative to the dataset's folder, as its files name each other."""
    return [path.removeprefix(f"{RESULTS}/") for path in paths]


class Layout:
    """The files of a plan's models and features.

    sizes: parts of the training images that all models are fitted to, ascending; what lies within another one of them
    need not be searched again.
    """

    def __init__(self, plan: Plan, sizes: list[int] | None = None):
        self.plan = plan
        self.sizes = [size for size in sizes or [] if size >= SHARED_FROM]

    def features(self, name: str, part: str, split: str) -> str:
        """Features of all `train` or `test` images, fitted to a part; of pixels, the images themselves."""
        if name == PIXELS:
            return f"{RESULTS}/data/{split}_images.npy"
        return f"{RESULTS}/features/{name}/{self.plan.part_of(name, part)}/{split}.npy"

    def fitted(self, features: Features, part: str) -> list[str]:
        """What features have learned from a part; none where there is nothing to learn."""
        return [f"{RESULTS}/fitted/{features.fit}/{part}.npz"] if features.kind.fitted else []

    def moments(self, features: Features, part: str) -> list[str]:
        """The moments of pixels that features are fitted to: those of all images, and those that a fold leaves out.

        None where there are no more images than pixels: products of images are fewer than products of pixels.
        """
        if not features.kind.uses_moments or features.inputs != PIXELS:
            return []
        whole = part.rpartition("fold_")[0].removesuffix("_") if "fold" in part else part
        setting = Setting.of(self.plan.dataset)
        n_images = setting.n_train if whole in ("", ALL) else int(whole.removeprefix("first_"))
        if n_images <= setting.n_inputs:
            return []
        return [f"{RESULTS}/moments/{name}.npz" for name in dict.fromkeys([whole or ALL, part])]

    def best_of_features(self, features: Features, part: str) -> list[str]:
        """The choice of the grid that some of the features' parameters wait for."""
        return self.best(features.tuned_by, "" if part == ALL else f"/{part}") if features.chosen else []

    def best_of_fit(self, features: Features, part: str) -> list[str]:
        """The same, if the fit itself waits for it."""
        waits = any(key in features.chosen for key in features.fit_params)
        return self.best_of_features(features, part) if waits else []

    def best(self, model: str, size: str = "") -> list[str]:
        """A grid's choice; none for a model that is not tuned."""
        return [f"{RESULTS}/models/{model}{size}/best.json"] if self.plan.folds(model) else []

    def search_costs(self, model: str, size: str = "") -> list[str]:
        """What a grid search has cost; none for a model that is not tuned."""
        return [path.replace("best.json", "search_cost.json") for path in self.best(model, size)]

    def costs_of_features(self, name: str, part: str, *splits: str) -> list[str]:
        """What features have cost: to compute them, and with `train` among the splits, to fit them."""
        paths = []
        for one in self.plan.chain(name):
            place = self.plan.part_of(one.name, part)
            if one.kind.fitted and "train" in splits:
                learned = [*self.fitted(one, place), *self.moments(one, place)]
                paths += [path.replace(".npz", ".json") for path in learned]
            paths += [f"{RESULTS}/features/{one.name}/{place}/{split}.json" for split in splits]
        return list(dict.fromkeys(paths))

    def shards(self, run: Run) -> list[str]:
        """Return the results of the searches that a search among the first n images shares with smaller sizes.

        These images are those of the next smaller size and the rest, if their features are the same for both.
        """
        # One job builds the index of an approximate search, of all images, and searches it.
        if self.plan.family(run.model).room != "neighbors" or self.plan.entry(run.model).get("ann"):
            return []
        size = int(run.size.removeprefix("/first_") or 0)
        part = part_of(run.size)
        shared = self.plan.part_of(self.plan.features_of(run.model), part) == ALL
        if size not in self.sizes or len(self.sizes) < 2 or not shared or self.plan.folds(run.model):
            return []
        sizes = self.sizes[: self.sizes.index(size) + 1]
        return [
            f"{RESULTS}/models/{run.model}/first_{one}/shards/beyond_{below}.npz"
            for below, one in zip([0, *sizes], sizes, strict=False)
        ]

    def cells(self, model: str, size: str = "") -> list[str]:
        """What each cell of a grid has scored: cell by cell, then fold by fold."""
        return [
            f"{RESULTS}/models/{model}/cells/{part}/{cell}.json"
            for cell in self.plan.cells(model)
            for part in self.plan.parts(model, size)
        ]

    def costs_of_cells(self, model: str, size: str = "") -> list[str]:
        """What the features of a grid's cells have cost."""
        paths = [
            path
            for cell in self.plan.cells(model)
            for part in self.plan.parts(model, size)
            for path in self.costs_of_features(self.plan.features_of(model, cell), part, "train")
        ]
        return list(dict.fromkeys(paths))

    def model_settings(self, model: str, size: str = "", **more: Any) -> dict[str, Any]:
        """What a run's model is, for its jobs: its hyperparameters, those that a grid decides, and its features."""
        plan, part = self.plan, part_of(size)
        grid = plan.grid(model) if plan.folds(model) else {}
        name = plan.features_of(model)
        chain = plan.chain(name)
        return {
            "model": model,
            "family": plan.entry(model)["family"],
            "params": plan.params(model),
            "chosen": [key for key in grid if plan.owner(model, key)[0] is None],
            "features": [
                {"name": one.base, "kind": one.kind.name, "params": one.params, "chosen": one.chosen}
                for one in chain
            ],
            "pretrained": any(one.kind.seen_other_images for one in chain),
            "part": part,
            "stored": {
                "room": plan.family(model).room,
                "part": part,
                "division": _within(division_files(part)),
                "values": _within([self.features(name, part, "train")])[0],
                "fitted": [_within(self.fitted(one, plan.part_of(one.name, part))) for one in chain],
            },
            **more,
        }

    def cell_settings(self, model: str, cell: str, part: str, **more: Any) -> dict[str, Any]:
        """What one cell of a grid is: a candidate's hyperparameters on a fold."""
        own, _ = self.plan.split_choice(model, self.plan.cells(model)[cell])
        return {"model": model, "params": self.plan.params(model, own), "part": part, **more}

    def grid_settings(self, model: str) -> dict[str, Any]:
        """What a grid's choice depends on."""
        plan = self.plan
        return {
            "grid": plan.grid(model),
            "names": plan.column_names(model),
            "cells": list(plan.cells(model).values()),
            "every_value_of": plan.family(model).every_value_of,
            "folds": plan.folds(model),
        }

    def features_settings(self, features: Features, part: str | None, seed: int) -> dict[str, Any]:
        """What a fit to a part is, or with None what is made of it for any images."""
        keys = list(features.kind.parameters) if part is None else features.fit_params
        fitting = {} if part is None else {"part": part, "seed": seed if features.kind.seeded else 0}
        return {
            "kind": features.kind.name,
            "params": {key: features.params[key] for key in keys if key in features.params},
            "chosen": {name: key for name, key in features.chosen.items() if name in keys},
            **fitting,
        }

    def with_filters(self, model: str) -> tuple[str, str] | None:
        """What a model has learned to look for in images: the file, and the module that reads it; None if nothing."""
        family = self.plan.family(model)
        if family.filters:
            return f"{RESULTS}/models/{model}/{family.leaves[0]}", family.filters
        for one in self.plan.chain(self.plan.features_of(model))[:1]:
            if one.kind.filters:
                return self.fitted(one, ALL)[0], one.kind.filters
        return None

    # ---- All that a finished study consists of ----

    def tuned(self, model: str) -> list[str]:
        """The files of a grid search, those of its folds included."""
        if not self.plan.folds(model):
            return []
        parts = self.plan.parts(model)
        variants = [self.plan.features_of(model, cell) for cell in self.plan.cells(model)]
        return [
            *division_files(parts[0]),
            *(path for part in parts for name in variants for path in self._of_features(name, part, "train")),
            *self.cells(model),
            *(f"{RESULTS}/models/{model}/{file}" for file in ("best.json", "cv_results.csv")),
        ]

    def featured(self, model: str) -> list[str]:
        """The files of a model's features."""
        return self._of_features(self.plan.features_of(model), ALL, "train", "test")

    def trained(self, run: Run) -> list[str]:
        """The files of a run of any family."""
        family = self.plan.family(run.model)
        files = [
            *family.leaves,
            *["learning.json"] * family.has_epochs,
            "predictions.npz",
            "fit.json",
            "metrics.json",
        ]
        return [f"{RESULTS}/models/{run.path}/{file}" for file in files]

    def stored(self, model: str) -> list[str]:
        """What it takes, beside a model's own files, to ask it again: what features have learned, and its images."""
        name = self.plan.features_of(model)
        learned = [path for one in self.plan.chain(name) for path in self.fitted(one, ALL)]
        return [*learned, self.features(name, ALL, "train")]

    def _of_features(self, name: str, part: str, *splits: str) -> list[str]:
        found = []
        for one in self.plan.chain(name):
            place = self.plan.part_of(one.name, part)
            found += [*self.moments(one, place), *self.fitted(one, place)]
            found += [self.features(one.name, part, split) for split in splits]
        return found
