"""The long table, from which everything else follows: one row a dataset, model, seed, split and size."""

from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.csv_io import Row
from cifarbench.planning.variants import ALL_FACTORS, SHIFTED, SPLIT

SCORE_COLUMNS = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")
COST_COLUMNS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "stored_mb", "n_parameters")
# `size` is how many training images there were, `whole` whether that was all of them. `varied` says what differs from
# the model's own run: see study.series. `scored_on` and `code_hash` are checksums of test images and of code.
RUN_COLUMNS = ("seed", "init_seed", "split", "size", "whole", "varied", "test_set")
COLUMNS = (
    *("dataset", "model", "family", "is_iterative", *RUN_COLUMNS),
    *(
        "family_label",
        "pretrained",
        "n_test",
        *SCORE_COLUMNS,
        *COST_COLUMNS,
        "test_set_hash",
        "code_hash",
        "failure",
    ),
)
# How many characters of a checksum tell it from others.
FINGERPRINT_LENGTH = 12


def run_record(
    about: Row, fit: dict[str, Any] | None, scores: dict[str, Any] | None, failure: str | None
) -> Row:
    """One run. about: its coordinates. fit, scores: fit.json and metrics.json; None if it failed.

    Raises UserError if the scores don't say what was scored, and by what code.
    """
    found = dict.fromkeys(COLUMNS) | about | {"failure": failure}
    if fit is None or scores is None:
        return found
    if "scored" not in scores:
        raise UserError(
            f"The scores of {describe_run(found)} are of an older version; run the study again, which makes them."
        )
    return found | {
        "family_label": fit["family_label"],
        "pretrained": fit.get("pretrained", False),
        "n_test": scores["n_test"],
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_ci95"][0],
        "accuracy_high": scores["accuracy_ci95"][1],
        "macro_f1": scores["macro"]["f1"],
        **{name: fit[name] for name in COST_COLUMNS},
        "test_set_hash": scores["scored"]["on"],
        "code_hash": scores["scored"]["by"],
    }


def check_comparable(rows: list[Row]) -> list[Row]:
    """The rows, if all were scored by the same code, and those of a dataset, split and test set on the same images.

    Raises UserError, which names the first two that were not.
    """
    by, on = {}, {}
    for one in drop_failed(rows):
        first = by.setdefault(None, one)
        if one["code_hash"] != first["code_hash"]:
            raise UserError(_refusal(first, one, "code_hash", "by other code than"))
        first = on.setdefault((one["dataset"], one["split"], one["test_set"]), one)
        if one["test_set_hash"] != first["test_set_hash"]:
            raise UserError(_refusal(first, one, "test_set_hash", "on other test images than"))
    return rows


def drop_failed(rows: list[Row]) -> list[Row]:
    """Those that did not fail."""
    return [one for one in rows if one["failure"] is None]


def reference_runs(rows: list[Row]) -> list[Row]:
    """The models' own runs: on the dataset's own split, with the first seed, fitted to all training images."""
    return [one for one in rows if not one["varied"]]


def fully_randomized_runs(rows: list[Row]) -> dict[str, dict[int, Row]]:
    """Of the models of a dataset, by split, the runs that differ in all that they can differ in: model -> split -> run.

    A model in which no chance takes part differs by the split alone. Where a run failed, no other takes its place.
    """
    by_chance = {one["model"] for one in rows if one["varied"] == ALL_FACTORS}
    found: dict[str, dict[int, Row]] = {}
    for one in drop_failed(rows):
        if not one["varied"] or one["varied"] == (ALL_FACTORS if one["model"] in by_chance else SPLIT):
            found.setdefault(one["model"], {})[one["split"]] = one
    return found


def shifted_runs(rows: list[Row]) -> list[Row]:
    """The models' own runs, asked about other test images."""
    return [one for one in rows if one["varied"] == SHIFTED]


def filter_dataset(rows: list[Row], dataset: str) -> list[Row]:
    """The rows of one dataset."""
    return [one for one in rows if one["dataset"] == dataset]


def describe_run(one: Row) -> str:
    """A run, as a sentence may name it."""
    more = [
        f"{name.replace('_', ' ')} {one[name]}" for name in ("seed", "init_seed") if one[name] is not None
    ]
    more += [one["test_set"]] * bool(one["test_set"])
    more += [f"split {one['split']}"] * bool(one["split"]) + [f"{one['size']} images"] * (not one["whole"])
    return f"{one['model']} on {one['dataset']}" + (f" ({', '.join(more)})" if more else "")


def _refusal(first: Row, other: Row, checksum: str, how: str) -> str:
    return (
        f"{describe_run(other)} was scored {how} {describe_run(first)} ({other[checksum][:FINGERPRINT_LENGTH]}, not {first[checksum][:FINGERPRINT_LENGTH]}): "
        "they can't stand in one table. Run the study again, which scores both alike."
    )
