"""List the finished runs of every experiment and dataset, with the accuracies of their models."""

from pathlib import Path

from tabulate import tabulate

from cifarbench.errors import UserError
from cifarbench.history import records


def main(results: Path = Path("results"), dataset: str = "") -> None:
    """Print one table per experiment and dataset.

    results: the folder of all results. dataset: the only dataset to list, under all names, or `<name>/<dataset>`.
    """
    folders = records.folders_with_runs(results, dataset)
    runs_of = {folder: runs for folder in folders if (runs := records.load_runs(folder))}
    if not runs_of:
        raise UserError(f"{results / dataset} has no finished run; finish one first.")
    tables = []
    for folder, runs in runs_of.items():
        headers, rows = records.summary_table(runs)
        width = [None] * (len(headers) - 1) + [40]
        tables.append(f"{folder}\n\n{tabulate(rows, headers, disable_numparse=True, maxcolwidths=width)}")
    print("\n\n\n".join(tables))
