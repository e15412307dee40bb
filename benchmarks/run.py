"""Measure each case against its reference implementation and against the lower bound that the hardware sets.

    PYTHONPATH=scripts python benchmarks/run.py [--archive PATH --sha256 VALUE]
        [--cases NAME ...] [--n-train 50000] [--repeats 3] [--study] [--output FOLDER]

Without an archive, synthetic images of CIFAR-10's shape are used. The ways alternate within one run, so that a slower
machine slows all of them; the table has medians. Cases that would take hours are measured on a stated fraction.
"""

import argparse
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import history
from cases import CASES, STUDY, measure_case
from cifarbench.io.markdown_sections import markdown_table
from cifarbench.runtime.timing import cpu_name
from end_to_end import CORES, measure_demo, measure_study, prepare

PROJECT = Path(__file__).parents[1]
PACKAGES = ["numpy", "scikit-learn", "faiss-cpu", "torch", "snakemake"]
COLUMNS = ["case", "measured_on", "reference_seconds", "lower_bound_seconds", "seconds", "faster", "results"]
MACHINE = f"{CORES} cores of {cpu_name()}"


def main() -> None:
    """Measure, add to the history, and write table.md."""
    parser = argparse.ArgumentParser()
    names = [name for name, _ in CASES]
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--sha256")
    parser.add_argument("--cases", nargs="*", choices=names, default=names, metavar="NAME")
    parser.add_argument("--n-train", type=int, default=50_000, help="number of synthetic training images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--study", action="store_true", help="run the whole study, too")
    parser.add_argument("--output", type=Path, default=PROJECT / "results/benchmarks")
    parser.add_argument("--history", type=Path, default=history.PATH)
    options = parser.parse_args()
    if options.study and not (options.archive and options.cases == names):
        parser.error("--study needs --archive and all cases")

    work = options.output / "work"
    archive_config = [f'archive="{options.archive.resolve()}"'] if options.archive else []
    archive_config += [f'sha256="{options.sha256}"'] if options.sha256 else []
    folder = prepare(archive_config, options.n_train, work)
    images = options.archive.name if options.archive else f"{options.n_train} synthetic images"
    about = [datetime.now(UTC).isoformat(timespec="seconds"), commit(), MACHINE, images]
    rows: list[dict] = []

    def keep(measured: list[dict]) -> None:
        # At once, since later ones take long and may fail.
        history.append(options.history, history.entries(measured, *about))
        rows.extend(measured)

    for case in CASES:
        if case[0] in options.cases:
            keep([measure_case(*case, folder, options.repeats)])
    if options.cases == names:
        keep(measure_demo(work))
    if options.study:
        reference_seconds = sum(row["reference_seconds"] for row in rows[: len(STUDY)])
        keep(measure_study(work, archive_config, reference_seconds))
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    text = f"Measured on {images}, {MACHINE}, {versions}, by `PYTHONPATH=scripts python "
    cells = [[format_value(row.get(name)) for name in COLUMNS] for row in rows]
    text += f"{shlex.join(sys.argv)}`.\n\n{markdown_table(COLUMNS, cells)}\n"
    (options.output / "table.md").write_text(text)
    print(text)


def commit() -> str:
    """Return the measured commit, marked if files differ from it; `unknown` outside a git clone."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "unknown"


def format_value(value: str | float | None) -> str:
    """Return three digits of a small number, a large number without decimals, text unchanged."""
    if isinstance(value, float):
        return f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
