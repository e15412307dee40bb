"""The long table, from which everything else follows: one row a dataset, model, seed, split and size."""

from typing import Any

from cifarbench.study.errors import UserError
from cifarbench.study.series import ALL, ELSEWHERE, SPLIT
from cifarbench.study.tables import Row

SCORES = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")
COSTS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters")
# `size` is how many training images there were, `whole` whether that was all of them. `varied` says what differs from
# the model's own run: see study.series. `scored_on` and `scored_by` are checksums of test images and of code.
COORDINATES = ("seed", "weights_seed", "split", "size", "whole", "varied", "test_set")
COLUMNS = (
    *("dataset", "model", "family", "learns_in_epochs", *COORDINATES),
    *("kind", "pretrained", "n_test", *SCORES, *COSTS, "scored_on", "scored_by", "failure"),
)
# How many characters of a checksum tell it from others.
SHOWN = 12


def row(about: Row, fit: dict[str, Any] | None, scores: dict[str, Any] | None, failure: str | None) -> Row:
    """One run. about: its coordinates. fit, scores: fit.json and metrics.json; None if it failed.

    Raises UserError if the scores don't say what was scored, and by what code.
    """
    found = dict.fromkeys(COLUMNS) | about | {"failure": failure}
    if fit is None or scores is None:
        return found
    if "scored" not in scores:
        raise UserError(
            f"The scores of {named(found)} are of an older version; run the study again, which makes them."
        )
    return found | {
        "kind": fit["kind"],
        "pretrained": fit.get("pretrained", False),
        "n_test": scores["n_test"],
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_ci95"][0],
        "accuracy_high": scores["accuracy_ci95"][1],
        "macro_f1": scores["macro"]["f1"],
        **{name: fit[name] for name in COSTS},
        "scored_on": scores["scored"]["on"],
        "scored_by": scores["scored"]["by"],
    }


def comparable(rows: list[Row]) -> list[Row]:
    """The rows, if all were scored by the same code, and those of a dataset, split and test set on the same images.

    Raises UserError, which names the first two that were not.
    """
    by, on = {}, {}
    for one in succeeded(rows):
        first = by.setdefault(None, one)
        if one["scored_by"] != first["scored_by"]:
            raise UserError(_refusal(first, one, "scored_by", "by other code than"))
        first = on.setdefault((one["dataset"], one["split"], one["test_set"]), one)
        if one["scored_on"] != first["scored_on"]:
            raise UserError(_refusal(first, one, "scored_on", "on other test images than"))
    return rows


def succeeded(rows: list[Row]) -> list[Row]:
    """Those that did not fail."""
    return [one for one in rows if one["failure"] is None]


def studied(rows: list[Row]) -> list[Row]:
    """The models' own runs: on the dataset's own split, with the first seed, fitted to all training images."""
    return [one for one in rows if not one["varied"]]


def at_once(rows: list[Row]) -> dict[str, dict[int, Row]]:
    """Of the models of a dataset, by split, the runs that differ in all that they can differ in: model -> split -> run.

    A model in which no chance takes part differs by the split alone. Where a run failed, no other takes its place.
    """
    by_chance = {one["model"] for one in rows if one["varied"] == ALL}
    found: dict[str, dict[int, Row]] = {}
    for one in succeeded(rows):
        if not one["varied"] or one["varied"] == (ALL if one["model"] in by_chance else SPLIT):
            found.setdefault(one["model"], {})[one["split"]] = one
    return found


def elsewhere(rows: list[Row]) -> list[Row]:
    """The models' own runs, asked about other test images."""
    return [one for one in rows if one["varied"] == ELSEWHERE]


def of_dataset(rows: list[Row], dataset: str) -> list[Row]:
    """The rows of one dataset."""
    return [one for one in rows if one["dataset"] == dataset]


def named(one: Row) -> str:
    """A run, as a sentence may name it."""
    more = [
        f"{name.replace('_', ' ')} {one[name]}" for name in ("seed", "weights_seed") if one[name] is not None
    ]
    more += [one["test_set"]] * bool(one["test_set"])
    more += [f"split {one['split']}"] * bool(one["split"]) + [f"{one['size']} images"] * (not one["whole"])
    return f"{one['model']} on {one['dataset']}" + (f" ({', '.join(more)})" if more else "")


def _refusal(first: Row, other: Row, checksum: str, how: str) -> str:
    return (
        f"{named(other)} was scored {how} {named(first)} ({other[checksum][:SHOWN]}, not {first[checksum][:SHOWN]}): "
        "they can't stand in one table. Run the study again, which scores both alike."
    )
