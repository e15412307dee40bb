"""Compare all models over datasets, seeds and splits."""

from pathlib import Path

from cifarbench.io.csv_io import Row, read_csv, write_csv
from cifarbench.runtime.job import Job
from cifarbench.suite.ranks import accuracies, pairwise_tests, rank_table
from cifarbench.suite.results_table import COLUMNS, check_comparable, filter_dataset
from cifarbench.suite.variance import (
    VARIANCE_COLUMNS,
    WIN_COLUMNS,
    accuracy_spread_by_factor,
    pairwise_win_probabilities,
)


def main(job: Job) -> None:
    """runs: a table a dataset. settings: `datasets`, in their order; `models`, of any of them; `seed`."""
    datasets, models, seed = job.settings["datasets"], job.settings["models"], job.settings["seed"]
    rows = check_comparable([one for path in job.input.runs for one in read_csv(path)])
    _write(job.output.all_runs, COLUMNS, rows)
    write_csv(job.output.ranks, rank_table(rows, datasets, models))
    write_csv(job.output.datasets_tests, pairwise_tests(accuracies(rows, datasets), models, seed))
    by_dataset = {dataset: filter_dataset(rows, dataset) for dataset in datasets}
    _write(
        job.output.all_variances,
        VARIANCE_COLUMNS,
        [row for name, own in by_dataset.items() for row in accuracy_spread_by_factor(own, name)],
    )
    _write(
        job.output.all_pairs,
        WIN_COLUMNS,
        [
            row
            for name, own in by_dataset.items()
            for row in pairwise_win_probabilities(own, name, models, seed)
        ],
    )


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    write_csv(path, {name: [row[name] for row in rows] for name in columns})
