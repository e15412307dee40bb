"""Measurements of earlier runs, by machine and commit, and which cases became slower than noise.

    python benchmarks/history.py [--history PATH]

A case is judged by its seconds relative to those of the lower bound, or else of the reference, measured beside it in
the same run: the ratio does not change when the machine is slower on another day. Cases without either are judged by
their seconds.
"""

import argparse
import csv
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "history.csv"
TEXT = ("date", "commit", "machine", "images", "case", "measured_on")
COLUMNS = [*TEXT, "reference_seconds", "lower_bound_seconds", "seconds", "ratio", "spread", "repeats"]
# The relative change of a case between two runs of one commit, where repeats are too few to estimate it.
MIN_NOISE = 0.1

Row = dict[str, Any]


def entries(rows: list[Row], date: str, commit: str, machine: str, images: str) -> list[Row]:
    """Return the lines of a run, one per case, with their `ratio` to the lower bound or else to the reference."""
    about = {"date": date, "commit": commit, "machine": machine, "images": images}
    lines = []
    for row in rows:
        beside = row.get("lower_bound_seconds") or row.get("reference_seconds")
        ratio = row["seconds"] / beside if beside else None
        lines.append({name: row.get(name) for name in COLUMNS} | about | {"ratio": ratio})
    return lines


def append(path: Path, rows: list[Row]) -> None:
    """Add lines to the history."""
    if not path.exists():
        path.write_text(",".join(COLUMNS) + "\n")
    # Not to one with other columns.
    read(path)
    with open(path, "a", newline="") as file:
        csv.DictWriter(file, COLUMNS, lineterminator="\n").writerows(rows)


def read(path: Path) -> list[Row]:
    """Return all lines, oldest first; numbers as float, empty cells as None."""
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            sys.exit(
                f"{path} has the columns of an earlier version; rename it, and `make bench` starts a new one."
            )
        return [
            {
                name: (value if name in TEXT else float(value)) if value else None
                for name, value in row.items()
            }
            for row in reader
        ]


def compare(rows: list[Row]) -> list[Row]:
    """Compare each case of the newest commit with the last other commit on the same machine and images.

    Returns `verdict` (slower, faster or within noise), `text` and `commits`. Noise is twice the spreads of both sides,
    added as independent ones are, and at least MIN_NOISE.
    """
    newest = rows[-1]
    same = [row for row in rows if all(row[name] == newest[name] for name in ("machine", "images"))]
    earlier = [row["commit"] for row in same if row["commit"] != newest["commit"]]
    # Runs of one commit are repeats of each other.
    sides: dict[str, dict[tuple, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in same:
        sides[row["commit"]][row["case"], row["measured_on"]].append(row)
    before = sides[earlier[-1]] if earlier else {}
    return [_change(before[case], runs) for case, runs in sides[newest["commit"]].items() if case in before]


def _change(before: list[Row], now: list[Row]) -> Row:
    measure = "ratio" if all(row["ratio"] for row in before + now) else "seconds"
    old, new = (statistics.median(row[measure] for row in side) for side in (before, now))
    noise = max(2 * math.hypot(_spread(before, measure), _spread(now, measure)), MIN_NOISE)
    change = new / old - 1
    verdict = "within noise" if abs(change) <= noise else "slower" if change > 0 else "faster"
    text = f"{now[0]['case']}: {measure} {old:.3g} -> {new:.3g} ({change:+.0%}, noise {noise:.0%})"
    return {"verdict": verdict, "text": text, "commits": f"{before[0]['commit']} to {now[0]['commit']}"}


def _spread(side: list[Row], measure: str) -> float:
    """Return the relative standard deviation of a side: the largest within a run, or that between runs if larger."""
    values = [row[measure] for row in side]
    between = statistics.stdev(values) / statistics.mean(values) if len(values) > 1 else 0.0
    return max([between, *(row["spread"] or 0.0 for row in side)])


def main() -> None:
    """Print the comparison; exit with 1 if a case became slower."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--history", type=Path, default=PATH)
    path = parser.parse_args().history
    if not path.exists():
        sys.exit(f"There is no {path} yet; `make bench` creates it.")
    changes = compare(read(path))
    if not changes:
        sys.exit(f"{path} has no other commit on the newest one's machine and images to compare with.")
    print(f"{changes[0]['commits']}; ratio: seconds per second of the lower bound, or of the reference")
    for row in changes:
        print(f"{row['verdict']:<13} {row['text']}")
    sys.exit(any(row["verdict"] == "slower" for row in changes))


if __name__ == "__main__":
    main()
