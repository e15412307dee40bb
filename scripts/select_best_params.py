"""Rank all candidates of a grid and choose the best."""

import numpy as np

from cifarbench.evaluation.grid_search import build_cv_results, parameter_grid, select_best
from cifarbench.io.atomic import read_json, write_json
from cifarbench.io.csv_io import write_csv
from cifarbench.runtime.job import Job, run
from cifarbench.runtime.timing import sum_usage


def main(job: Job) -> None:
    """cells: what each cell has scored, cell by cell, then fold by fold. costs: of the features that they needed.

    settings: `grid`; `names`, key of the grid -> column; `cells`, the values that each cell tries, in the order of
    `cells`; `every_value_of`, the key of which a cell scores every value; `folds`.
    """
    records = [read_json(path) for path in job.input.cells]
    shared, folds = job.settings["every_value_of"], job.settings["folds"]
    # GridSearchCV's order is that of the names in the table.
    by_name = {job.settings["names"][key]: values for key, values in job.settings["grid"].items()}
    keys = {name: key for key, name in job.settings["names"].items()}
    tried = [{keys[name]: value for name, value in one.items()} for one in parameter_grid(by_name)]
    scores = np.empty((len(tried), folds))
    for row, one in zip(scores, tried, strict=True):
        cell = job.settings["cells"].index({key: value for key, value in one.items() if key != shared})
        for fold, record in enumerate(records[cell * folds : (cell + 1) * folds]):
            row[fold] = record["correct"][str(one[shared]) if shared in one else ""] / record["validation"]
    columns = build_cv_results(tried, scores, job.settings["names"])
    write_csv(job.output.results, columns)
    write_json(job.output.best, select_best(tried, columns))
    write_json(
        job.output.cost,
        sum_usage([*(read_json(path) for path in job.input.costs), *(r["cost"] for r in records)]),
    )


if __name__ == "__main__":
    run(main)
