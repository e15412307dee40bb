"""Measure every part of the study against the plain way of doing it and against what the hardware allows.

    PYTHONPATH=scripts python benchmarks/run.py [--archive PATH --sha256 VALUE]
        [--repeats 3] [--study] [--output FOLDER]

Without an archive, made-up images of CIFAR-10's shape are used, and the table says so. The ways alternate
within one run, so that a machine that slows down slows them all; the medians stand in the table. Parts that
would take hours are measured on a stated fraction.
"""

import argparse
import csv
import sys
from datetime import UTC, datetime
from pathlib import Path

import history
from growth import measure_growth
from machine import commit, describe, name
from parts import measure_parts
from picture import draw
from whole import measure_workflow, prepare

HERE = Path(__file__).parent

COLUMNS = [
    "part",
    "measured_on",
    "plain_seconds",
    "bare_seconds",
    "seconds",
    "faster",
    "over_bare",
    "plain_mb",
    "mb",
    "results",
]


def main() -> None:
    """Measure, add to the history, and write table.csv, growth.csv, table.md and picture.svg."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--sha256")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--study", action="store_true", help="run the whole study, too")
    parser.add_argument("--output", type=Path, default=HERE.parent / "results/benchmarks")
    parser.add_argument("--history", type=Path, default=history.PATH)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    folder = prepare(arguments.archive, arguments.sha256, arguments.output / "work")
    images = arguments.archive.name if arguments.archive else "made-up images of CIFAR-10's shape"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    parts: list[dict] = []

    def keep(rows: list[dict]) -> None:
        """At once: what comes later takes long, and may fail."""
        history.append(arguments.history, history.entries(rows, now, commit(HERE.parent), name(), images))
        parts.extend(rows)
        _write_csv(arguments.output / "table.csv", COLUMNS, parts)

    keep(measure_parts(folder, arguments.repeats))
    keep(measure_workflow(arguments.output / "work", parts, whole_study=arguments.study))
    growth = measure_growth(folder)

    _write_csv(arguments.output / "growth.csv", list(growth[0]), growth)
    text = "\n\n".join(
        [
            f"Measured on {images}, {describe()}, by `PYTHONPATH=scripts python {' '.join(sys.argv)}`.",
            _markdown(COLUMNS, parts),
            "How cost grows: seconds, and the exponent fitted to them.",
            _markdown(list(growth[0]), growth),
        ]
    )
    (arguments.output / "table.md").write_text(text + "\n")
    draw(parts, arguments.output / "picture.svg")
    print(text)


def _write_csv(path: Path, columns: list[str], rows: list[dict]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _markdown(columns: list[str], rows: list[dict]) -> str:
    lines = [columns, ["---"] * len(columns), *([_shown(row.get(name)) for name in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    main()
