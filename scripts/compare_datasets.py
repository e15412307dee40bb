"""Compare all models over datasets, seeds and splits."""

from pathlib import Path

from cifarbench.across.ranks import accuracies, table, tests
from cifarbench.across.runs import COLUMNS, comparable, of_dataset
from cifarbench.across.variation import PAIRS, VARIANCES, pairs, variances
from cifarbench.runtime.job import Job, run
from cifarbench.study.tables import Row, read_rows, write_table


def main(job: Job) -> None:
    """runs: a table a dataset. settings: `datasets`, in their order; `models`, of any of them; `seed`."""
    datasets, models, seed = job.settings["datasets"], job.settings["models"], job.settings["seed"]
    rows = comparable([one for path in job.input.runs for one in read_rows(path)])
    _write(job.output.all_runs, COLUMNS, rows)
    write_table(job.output.ranks, table(rows, datasets, models))
    write_table(job.output.datasets_tests, tests(accuracies(rows, datasets), models, seed))
    by_dataset = {dataset: of_dataset(rows, dataset) for dataset in datasets}
    _write(
        job.output.all_variances,
        VARIANCES,
        [row for name, own in by_dataset.items() for row in variances(own, name)],
    )
    _write(
        job.output.all_pairs,
        PAIRS,
        [row for name, own in by_dataset.items() for row in pairs(own, name, models, seed)],
    )


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    write_table(path, {name: [row[name] for row in rows] for name in columns})


if __name__ == "__main__":
    run(main)
