"""Divide the user's images into training and test images or folds, with groups and near-duplicates on one side."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cifarbench.audit import duplicates
from cifarbench.data.image_lists import apply_lists
from cifarbench.data.image_sources import ImageRecord
from cifarbench.data.own_images import Division, divide_images
from cifarbench.errors import UserError
from cifarbench.io.atomic import read_json, save_npy, write_json
from cifarbench.io.csv_io import read_csv, write_rows
from cifarbench.runtime.job import Job

# The audit's threshold is that of another sample of pairs, since it has the images in another order.
THRESHOLD_MARGIN = 0.02


def main(job: Job) -> None:
    """Write arrays, split.csv and the dataset's metadata.

    With folds, all images are training images and test images, in the same order. settings: `seed`, `group`,
    `hflip_safe`, and `n_folds`. split, exclude, relabel: the user's split and lists; none if empty.
    """
    receipt, settings = read_json(job.input.receipt), job.settings
    shape = tuple(receipt["found"]["image_shape"])
    records = [
        ImageRecord(row["file"], row["label"], row["split"] or "", row["group"] or "")
        for row in read_csv(job.input.table)
    ]

    def find_pairs(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with threadpool_limits(job.threads):
            pairs, threshold = duplicates.find_near_duplicates(
                images, shape, job.threads, settings["hflip_safe"], only_closest=False
            )
        is_copy = pairs.score >= threshold - THRESHOLD_MARGIN
        return pairs.first[is_copy], pairs.second[is_copy]

    division = divide_images(
        records,
        np.load(job.input.images, mmap_mode="r"),
        shape,
        list(receipt["found"]["classes"]),
        settings["seed"],
        settings["group"],
        Path(job.options["split"]) if job.options["split"] else None,
        find_pairs,
        settings.get("n_folds", 0),
    )
    rows = [
        {"file": record.name, "label": record.label, "group": group, "split": record.split}
        for record, group in zip(division.records, _group_names(division), strict=True)
    ]
    write_rows(job.output.split, rows, ("file", "label", "group", "split"))
    dataset, folds = division.dataset, division.folds
    if folds is not None:
        dataset = replace(dataset, train_images=dataset.test_images, train_labels=dataset.test_labels)
    dataset, applied = apply_lists(dataset, job.options["exclude"], job.options["relabel"])
    if folds is not None:
        for key, name in (("removed", "exclude"), ("relabeled", "relabel")):
            if applied.get(key, {}).get("train"):
                raise UserError(
                    f"{name} lists training images; in a cross-validation, write test for all images."
                )
        folds = np.delete(folds, applied.get("removed", {}).get("test", []))
        dataset = replace(dataset, train_images=dataset.test_images, train_labels=dataset.test_labels)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        save_npy(getattr(job.output, name), getattr(dataset, name))
    write_json(
        job.output.dataset,
        {
            "dataset": settings["dataset"],
            "type": "images",
            "classes": dataset.classes,
            "image_shape": list(shape),
            "n_train": len(dataset.train_labels),
            "n_test": len(dataset.test_labels),
            "resize": receipt["found"]["resize"],
            "archive": {key: value for key, value in receipt.items() if key != "found"},
            "found": {key: receipt["found"][key] for key in ("layout", "n_images", "n_skipped")}
            | division.summary,
            "files": _by_split([record.name for record in division.records], division),
            **_kept_groups(division, applied.get("removed", {})),
            **({} if folds is None else {"folds": folds.tolist()}),
            **applied,
        },
    )


def _by_split(values: list[Any], division: Division) -> dict[str, list[Any]]:
    n_train = len(division.dataset.train_labels)
    return {split: part for split, part in (("train", values[:n_train]), ("test", values[n_train:])) if part}


def _group_names(division: Division) -> list[str]:
    """Return a name for each image whose group has others: the user's, or a number for near-duplicates."""
    sizes = np.bincount(division.groups)
    return [
        record.group or (f"group {number + 1}" if sizes[number] > 1 else "")
        for record, number in zip(division.records, division.groups.tolist(), strict=True)
    ]


def _kept_groups(division: Division, excluded: dict[str, list[int]]) -> dict[str, dict[str, list[int]]]:
    """Return the group of each image that is not excluded, by split; nothing if every image is a group."""
    if len(np.unique(division.groups)) == len(division.groups):
        return {}
    groups = _by_split(division.groups.tolist(), division)
    return {
        "groups": {
            split: np.delete(numbers, excluded.get(split, [])).tolist() for split, numbers in groups.items()
        }
    }
