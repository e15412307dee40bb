"""Compare all models over datasets, seeds and splits."""

from pathlib import Path

from cifarbench.across.ranks import accuracies, table, tests
from cifarbench.across.runs import COLUMNS, comparable, of_dataset
from cifarbench.across.variation import PAIRS, VARIANCES, pairs, variances
from cifarbench.study.command import run
from cifarbench.study.tables import Row, read_rows, write_table


def main(
    runs: list[Path],
    all_runs: Path,
    ranks: Path,
    datasets_tests: Path,
    all_variances: Path,
    all_pairs: Path,
    settings: dict,
) -> None:
    """runs: a table a dataset. settings: `datasets`, in their order; `models`, of any of them; `seed`."""
    datasets, models, seed = settings["datasets"], settings["models"], settings["seed"]
    rows = comparable([one for path in runs for one in read_rows(path)])
    _write(all_runs, COLUMNS, rows)
    write_table(ranks, table(rows, datasets, models))
    write_table(datasets_tests, tests(accuracies(rows, datasets), models, seed))
    by_dataset = {dataset: of_dataset(rows, dataset) for dataset in datasets}
    _write(
        all_variances, VARIANCES, [row for name, own in by_dataset.items() for row in variances(own, name)]
    )
    _write(
        all_pairs, PAIRS, [row for name, own in by_dataset.items() for row in pairs(own, name, models, seed)]
    )


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    write_table(path, {name: [row[name] for row in rows] for name in columns})


if __name__ == "__main__":
    run(main)
