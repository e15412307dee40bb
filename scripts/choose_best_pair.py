"""Rank all pairs of the grid and choose the best."""

from pathlib import Path

from cifarbench.study.command import run
from cifarbench.study.cost import total_cost
from cifarbench.study.files import read_json, write_json
from cifarbench.study.tables import write_table
from cifarbench.tuning.grid import Cell, best_pair, cv_results


def main(cells: list[Path], costs: list[Path], results: Path, best: Path, cost: Path, settings: dict) -> None:
    """settings: `n_components` and `n_neighbors` (lists) and `folds`. cells: by component, then by fold."""
    records = [read_json(path) for path in cells]
    places = [(c, fold) for c in settings["n_components"] for fold in range(settings["folds"])]
    scored = {place: Cell(r["correct"], r["validation"]) for place, r in zip(places, records, strict=True)}
    columns = cv_results(scored, settings["n_components"], settings["n_neighbors"], settings["folds"])
    write_table(results, columns)
    write_json(best, best_pair(columns))
    write_json(cost, total_cost([*(read_json(path) for path in costs), *(r["cost"] for r in records)]))


if __name__ == "__main__":
    run(main)
