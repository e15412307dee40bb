"""What was measured before: kept by machine and commit, and which parts have become slower than noise.

    python benchmarks/history.py [--history PATH]

A part is judged by how much it takes for each second of a way that was measured beside it in the same run: the bare
products, or else the plain way. The machine may have been slower on another day; the ratio has not seen it. Parts
without either are judged by their seconds.
"""

import argparse
import csv
import statistics
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "history.csv"
COLUMNS = [
    "date",
    "commit",
    "machine",
    "images",
    "part",
    "measured_on",
    "plain_seconds",
    "bare_seconds",
    "seconds",
    "ratio",
    "spread",
    "repeats",
    "busy",
]
# Where repeats are too few to tell, the ratio of a part between two runs of one commit is within this.
LEAST_NOISE = 0.1

Row = dict[str, Any]


def entries(parts: list[Row], date: str, commit: str, machine: str, images: str) -> list[Row]:
    """The lines of a run, one a part. `ratio`: seconds over those of the bare products, or else of the plain way."""
    about = {"date": date, "commit": commit, "machine": machine, "images": images}
    found = []
    for part in parts:
        against = part.get("bare_seconds") or part.get("plain_seconds")
        row = {name: part.get(name) for name in COLUMNS} | about
        found.append(row | {"ratio": part["seconds"] / against if against else None})
    return found


def append(path: Path, rows: list[Row]) -> None:
    """Add lines to the history."""
    is_new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[Row]:
    """All lines, oldest first; numbers as float, empty cells as None."""
    numbers = {"plain_seconds", "bare_seconds", "seconds", "ratio", "spread", "repeats", "busy"}
    with open(path, newline="") as file:
        return [
            {
                name: (float(value) if name in numbers else value) if value else None
                for name, value in row.items()
            }
            for row in csv.DictReader(file)
        ]


def compare(rows: list[Row]) -> list[Row]:
    """For each part of the newest commit, how it stands against the last other commit on the same machine and images.

    `change` is relative, positive for slower. `noise` is how much of it repeats explain: twice the spreads of both
    sides, added as independent ones are, and never less than LEAST_NOISE. `verdict`: slower, faster, within noise.
    """
    newest = rows[-1]
    same = [row for row in rows if all(row[name] == newest[name] for name in ("machine", "images"))]
    earlier = [row["commit"] for row in same if row["commit"] != newest["commit"]]
    if not earlier:
        return []
    now, before = (_by_part(same, commit) for commit in (newest["commit"], earlier[-1]))
    return [_change(before[key], now[key]) for key in now if key in before]


def _by_part(rows: list[Row], commit: str) -> dict[tuple, list[Row]]:
    """A commit's lines by what was measured: runs of one commit are repeats of one another."""
    found: dict[tuple, list[Row]] = {}
    for row in rows:
        if row["commit"] == commit:
            found.setdefault((row["part"], row["measured_on"]), []).append(row)
    return found


def _change(before: list[Row], now: list[Row]) -> Row:
    measure = "ratio" if all(row["ratio"] for row in before + now) else "seconds"
    old, new = (statistics.median(row[measure] for row in side) for side in (before, now))
    noise = max(2 * sum(_spread(side, measure) ** 2 for side in (before, now)) ** 0.5, LEAST_NOISE)
    change = new / old - 1
    verdict = "within noise" if abs(change) <= noise else "slower" if change > 0 else "faster"
    return {
        "part": now[0]["part"],
        "measure": measure,
        "before": old,
        "now": new,
        "change": change,
        "noise": noise,
        "verdict": verdict,
        "commits": f"{before[0]['commit']} to {now[0]['commit']}",
    }


def _spread(side: list[Row], measure: str) -> float:
    """The relative standard deviation of a side: within its runs, or between them if that is more."""
    values = [row[measure] for row in side]
    between = statistics.stdev(values) / statistics.mean(values) if len(values) > 1 else 0.0
    return max([between, *(row["spread"] or 0.0 for row in side)])


def main() -> None:
    """Print the comparison; exit with 1 if a part became slower."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--history", type=Path, default=PATH)
    path = parser.parse_args().history
    if not path.exists():
        sys.exit(f"There is no {path} yet; `make bench` begins it.")
    found = compare(read(path))
    if not found:
        sys.exit(f"{path} has no other commit of the newest one's machine and images to compare with.")
    print(f"{found[0]['commits']}; ratio: seconds for each second of the bare products, or of the plain way")
    for row in found:
        print(
            f"{row['verdict']:<13} {row['part']}: {row['measure']} {row['before']:.3g} -> {row['now']:.3g} "
            f"({row['change']:+.0%}, noise {row['noise']:.0%})"
        )
    sys.exit(any(row["verdict"] == "slower" for row in found))


if __name__ == "__main__":
    main()
