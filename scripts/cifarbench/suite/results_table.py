"""The table of all runs: one row per dataset, model, seed, split and training set size."""

from typing import Any

from cifarbench.errors import UserError
from cifarbench.io.csv_io import COST_COLUMNS, Row, drop_failed
from cifarbench.planning.variants import ALL_FACTORS, SHIFTED, SPLIT
from cifarbench.report.checks import Finding

SCORE_COLUMNS = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")
# `train_size`: number of training images; `full_train`: whether these are all. `varied_factor`: the factor that differs
# from the model's reference run (planning.variants). `test_set_hash`, `code_hash`: checksums of the test images and the
# scoring code.
RUN_COLUMNS = ("seed", "init_seed", "split", "train_size", "full_train", "varied_factor", "test_set")
COLUMNS = (
    *("dataset", "model", "family", "is_iterative", *RUN_COLUMNS, "family_label", "pretrained", "n_test"),
    *(*SCORE_COLUMNS, *COST_COLUMNS, "test_set_hash", "code_hash", "error"),
)
# Characters of a checksum that messages show.
FINGERPRINT_LENGTH = 12


def run_record(
    columns: Row, fit: dict[str, Any] | None, scores: dict[str, Any] | None, error: str | None
) -> Row:
    """Return the row of a run.

    columns: `run_columns` of planning.variants. fit, scores: fit.json and metrics.json; None if the run failed.
    Raises UserError if the scores have no checksums.
    """
    row = dict.fromkeys(COLUMNS) | columns | {"error": error}
    if fit is None or scores is None:
        return row
    if "provenance" not in scores:
        raise UserError(
            f"The scores of {describe_run(row)} are from an older version; run the experiment again to update them."
        )
    return row | {
        "family_label": fit["family_label"],
        "pretrained": fit.get("pretrained", False),
        "n_test": scores["n_test"],
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_ci95"][0],
        "accuracy_high": scores["accuracy_ci95"][1],
        "macro_f1": scores["macro"]["f1"],
        **{name: fit[name] for name in COST_COLUMNS},
        "test_set_hash": scores["provenance"]["test_set_hash"],
        "code_hash": scores["provenance"]["code_hash"],
    }


def check_comparable(rows: list[Row]) -> list[Row]:
    """Return the rows if all were scored by the same code, and those of one test set on the same images.

    Raises UserError, which names the first two that were not.
    """
    first: Row | None = None
    first_of_test_set: dict[tuple[Any, ...], Row] = {}
    for row in drop_failed(rows):
        first = first or row
        if row["code_hash"] != first["code_hash"]:
            raise _mismatch(first, row, "code_hash", "by other code than")
        same = first_of_test_set.setdefault((row["dataset"], row["split"], row["test_set"]), row)
        if row["test_set_hash"] != same["test_set_hash"]:
            raise _mismatch(same, row, "test_set_hash", "on other test images than")
    return rows


def reference_runs(rows: list[Row]) -> list[Row]:
    """Return the reference runs: on the dataset's own split, with the first seed, fitted to all training images."""
    return [row for row in rows if not row["varied_factor"]]


def fully_randomized_runs(rows: list[Row]) -> dict[str, dict[int, Row]]:
    """Return the runs of a dataset in which all factors of their model vary: model -> split -> run.

    Of a deterministic model, only the split varies. A failed run is not replaced by another one.
    """
    seeded = {row["model"] for row in rows if row["varied_factor"] == ALL_FACTORS}
    runs: dict[str, dict[int, Row]] = {}
    for row in drop_failed(rows):
        if not row["varied_factor"] or row["varied_factor"] == (
            ALL_FACTORS if row["model"] in seeded else SPLIT
        ):
            runs.setdefault(row["model"], {})[row["split"]] = row
    return runs


def shifted_runs(rows: list[Row]) -> list[Row]:
    """Return the evaluations of reference models on shifted test sets."""
    return [row for row in rows if row["varied_factor"] == SHIFTED]


def filter_dataset(rows: list[Row], dataset: str) -> list[Row]:
    """Return the rows of one dataset."""
    return [row for row in rows if row["dataset"] == dataset]


def failed_run_findings(rows: list[Row]) -> list[Finding]:
    """Return a finding for each failed run of a suite. rows: those of runs.csv."""
    return [
        Finding("CB118", {"run": describe_run(row), "reason": row["error"].rstrip(".")}, row["model"])
        for row in rows
        if row["error"]
    ]


def describe_run(run: Row) -> str:
    """Return a run's model, dataset and variation for a message."""
    details = [
        f"{name.replace('_', ' ')} {run[name]}" for name in ("seed", "init_seed") if run[name] is not None
    ]
    details += [run["test_set"]] * bool(run["test_set"])
    details += [f"split {run['split']}"] * bool(run["split"]) + [f"{run['train_size']} images"] * (
        not run["full_train"]
    )
    return f"{run['model']} on {run['dataset']}" + (f" ({', '.join(details)})" if details else "")


def _mismatch(first: Row, other: Row, column: str, difference: str) -> UserError:
    expected, actual = (row[column][:FINGERPRINT_LENGTH] for row in (first, other))
    return UserError(
        f"{describe_run(other)} was scored {difference} {describe_run(first)} ({actual}, not {expected}), so they are "
        "not comparable. Run the experiment again to score both with the same code and images."
    )
