"""Compare all models over datasets, seeds and splits."""

from cifarbench.io.csv_io import read_csv, write_csv, write_rows
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
    """Read one table of runs per dataset; write them as one, with ranks, tests, variances and win probabilities.

    settings: `datasets` and all their `models`, in order; `seed`, of the bootstrap.
    """
    datasets, models, seed = job.settings["datasets"], job.settings["models"], job.settings["seed"]
    rows = check_comparable([row for path in job.input.runs for row in read_csv(path)])
    write_rows(job.output.all_runs, rows, COLUMNS)
    write_csv(job.output.ranks, rank_table(rows, datasets, models))
    write_csv(job.output.datasets_tests, pairwise_tests(accuracies(rows, datasets), models, seed))
    rows_of = {dataset: filter_dataset(rows, dataset) for dataset in datasets}
    spreads = [row for name in datasets for row in accuracy_spread_by_factor(rows_of[name], name)]
    write_rows(job.output.all_variances, spreads, VARIANCE_COLUMNS)
    wins = [row for name in datasets for row in pairwise_win_probabilities(rows_of[name], name, models, seed)]
    write_rows(job.output.all_pairs, wins, WIN_COLUMNS)
