"""Rank the candidates of a grid or random search and select the best."""

from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.evaluation.grid_search import build_cv_results, format_params, select_best
from cifarbench.io.atomic import read_json, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.runtime.failures import Failure
from cifarbench.runtime.job import Job
from cifarbench.runtime.timing import sum_usage


def main(job: Job) -> None:
    """Write cv_results.csv, the best parameters and the cost. A setting that failed in a fold has no score.

    The model fails only if all settings failed. cells: the scores, cell by cell, then fold by fold. costs: of the
    features. settings: `candidates`; `names`, key -> column; `cells`, the values that each cell tries, in the
    order of `cells`; `every_value_of`, the key of which a cell scores every value; `folds`.
    """
    records = [_read(path) for path in job.input.cells]
    shared, folds, names = (job.settings[name] for name in ("every_value_of", "folds", "names"))
    tried = [{key: one[key] for key in sorted(one, key=names.get)} for one in job.settings["candidates"]]
    scores = np.full((len(tried), folds), np.nan)
    errors: list[str | None] = [None] * len(tried)
    for number, params in enumerate(tried):
        cell = job.settings["cells"].index({key: value for key, value in params.items() if key != shared})
        for fold, record in enumerate(records[cell * folds : (cell + 1) * folds]):
            if "error" in record:
                errors[number] = errors[number] or record["error"]
            else:
                key = str(params[shared]) if shared in params else ""
                scores[number, fold] = (
                    record["scores"][key]
                    if "scores" in record
                    else record["correct"][key] / record["validation"]
                )
    if all(errors):
        job.fail(
            f"all {len(tried)} candidates failed, the first ({format_params(tried[0])}) with {errors[0]}"
        )
        return
    columns = build_cv_results(tried, scores, names, errors)
    write_csv(job.output.results, columns)
    write_json(job.output.best, select_best(tried, columns))
    costs = [*map(_read, job.input.costs), *(record.get("cost", {}) for record in records)]
    write_json(job.output.cost, sum_usage([cost for cost in costs if "seconds" in cost]))


def _read(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file; {"error": reason} if it holds the record of a failure."""
    failure = Failure.read(path)
    return {"error": f"{failure.step}: {failure.reason}"} if failure else read_json(path)
