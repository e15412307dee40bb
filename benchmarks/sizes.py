"""How a study grows with its images: seconds, memory and disk of each job at several sizes, from what its runs kept.

    python benchmarks/sizes.py --results FOLDER [FOLDER ...] --page docs/scaling.md --picture docs/scaling.svg

Each folder holds the results of one size of the study of config/million.yaml.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cifarbench.study.files import read_json
from cifarbench.study.pages import replace_part

# Shorter jobs are mostly imports, and their exponent says nothing.
SHORT = 5.0
# What lies on the disk, by the folders it is in.
DISK = {"archive": "data/synthetic", "images and labels": "data/*.npy", "features": "features"}


def seconds_and_memory(results: Path) -> dict[str, tuple[float, float]]:
    """Of each job that keeps a benchmark: seconds, and the largest resident memory in MB, by its file's path."""
    found = {}
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        memory = [float(row["max_rss"]) * 1.048576 for row in rows if row["max_rss"] not in ("-", "NA")]
        name = path.relative_to(results / "benchmarks").with_suffix("").as_posix()
        found[name] = float(np.mean([float(row["s"]) for row in rows])), max(memory, default=0.0)
    return found


def megabytes(results: Path, pattern: str) -> float:
    """What the files below the paths that match take, in MB."""
    files = (
        file for found in results.glob(pattern) for file in ([found] if found.is_file() else found.rglob("*"))
    )
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def exponent(sizes: Iterable[float], values: Iterable[float]) -> float:
    """Of the power law that fits best: values grow with sizes to this power."""
    return float(np.polyfit(np.log([*sizes]), np.log([*values]), 1)[0])


def table(folders: list[Path]) -> tuple[str, dict[str, list[float]]]:
    """The page's tables, and the seconds of each job that takes long enough at every size."""
    sizes = [read_json(folder / "data/dataset.json")["n_train"] for folder in folders]
    measured = [seconds_and_memory(folder) for folder in folders]
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [f"| job | {head} | exponent | memory at {' / '.join(f'{size:,}' for size in sizes)} |"]
    lines += ["|---|" + "--:|" * (len(sizes) + 2)]
    curves = {}
    for job in (name for name in measured[-1] if all(name in one for one in measured)):
        seconds, memory = zip(*(one[job] for one in measured), strict=True)
        power = ""
        if seconds[-1] >= SHORT:
            curves[job] = list(seconds)
            power = f"{round(exponent(sizes, seconds), 2) + 0.0:.2f}" if len(sizes) > 1 else ""
        times = " | ".join(f"{value:.1f} s" for value in seconds)
        lines.append(
            f"| `{job}` | {times} | {power} | {' / '.join(f'{value:,.0f}' for value in memory)} MB |"
        )
    lines += ["", f"| disk | {head} |", "|---|" + "--:|" * len(sizes)]
    for name, pattern in DISK.items():
        lines.append(
            f"| {name} | " + " | ".join(f"{megabytes(one, pattern):,.0f} MB" for one in folders) + " |"
        )
    return "\n".join(lines), curves


def draw(sizes: list[int], curves: dict[str, list[float]], path: Path) -> None:
    """Seconds against images, both logarithmic, a line a job."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    marks = "osD^vP*X<>hp"
    for number, (job, seconds) in enumerate(curves.items()):
        axes.plot(sizes, seconds, marker=marks[number % len(marks)], label=job, linewidth=1.2)
    axes.plot(sizes, [curves_min(curves) * size / sizes[0] for size in sizes], "k:", label="in proportion")
    axes.set(xscale="log", yscale="log", xlabel="training images", ylabel="seconds")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7)
    figure.savefig(path)


def curves_min(curves: dict[str, list[float]]) -> float:
    """Where the line of proportion begins: at the shortest job."""
    return min(seconds[0] for seconds in curves.values())


def main() -> None:
    """Write the tables into the page, and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, nargs="+", required=True)
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    options = parser.parse_args()
    folders = sorted(options.results, key=lambda one: read_json(one / "data/dataset.json")["n_train"])
    text, curves = table(folders)
    replace_part(options.page, "benchmarks/sizes.py", text)
    draw([read_json(one / "data/dataset.json")["n_train"] for one in folders], curves, options.picture)


if __name__ == "__main__":
    main()
