"""Rank all candidates of a grid and choose the best."""

from pathlib import Path

import numpy as np

from cifarbench.study.command import run
from cifarbench.study.cost import total_cost
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table
from cifarbench.tuning.grid import best_candidate, candidates, cv_results


def main(cells: list[Path], costs: list[Path], results: Path, best: Path, cost: Path, settings: dict) -> None:
    """cells: what each cell has scored, cell by cell, then fold by fold. costs: of the features that they needed.

    settings: `grid`; `names`, key of the grid -> column; `cells`, the values that each cell tries, in the order of
    `cells`; `every_value_of`, the key of which a cell scores every value; `folds`.
    """
    records = [read_json(path) for path in cells]
    shared, folds = settings["every_value_of"], settings["folds"]
    # GridSearchCV's order is that of the names in the table.
    by_name = {settings["names"][key]: values for key, values in settings["grid"].items()}
    keys = {name: key for key, name in settings["names"].items()}
    tried = [{keys[name]: value for name, value in one.items()} for one in candidates(by_name)]
    scores = np.empty((len(tried), folds))
    for row, one in zip(scores, tried, strict=True):
        cell = settings["cells"].index({key: value for key, value in one.items() if key != shared})
        for fold, record in enumerate(records[cell * folds : (cell + 1) * folds]):
            row[fold] = record["correct"][str(one[shared]) if shared in one else ""] / record["validation"]
    columns = cv_results(tried, scores, settings["names"])
    write_table(results, columns)
    write_json(best, best_candidate(tried, columns))
    write_json(cost, total_cost([*(read_json(path) for path in costs), *(r["cost"] for r in records)]))


if __name__ == "__main__":
    run(main)
