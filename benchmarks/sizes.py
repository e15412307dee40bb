"""How a study grows with its images: processor time, memory and disk of each job at several sizes.

    PYTHONPATH=scripts python benchmarks/sizes.py --sizes 50000 200000 1000000 \
        --page docs/scaling.md --picture docs/scaling.svg

Runs what config/million.yaml has of models at each size, and keeps what was measured beside the results, in
`results/synthetic_<size>/usage.jsonl`; called again, it measures what runs again. The largest may be the
configuration's own, whose results `make million` completes.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml
from matplotlib.figure import Figure

from cifarbench.neighbors.ivf import bytes_per_vector
from cifarbench.study.files import read_json, write_text
from cifarbench.study.pages import replace_part

PROJECT = Path(__file__).parents[1]
CONFIGURATION = PROJECT / "config/million.yaml"
NOTES = "usage.jsonl"
SHARD = re.compile(r"/\d+_of_\d+$")
# Jobs that take less are mostly imports, and their exponent says nothing.
SHORT = 5.0
PROJECTED = [1_000_000, 10_000_000, 100_000_000]
# What lies on the disk, by the folders it is in.
DISK = {"archive": "data/synthetic", "images and labels": "data/*.npy", "features": "features"}


def measure(n_train: int, cores: int) -> Path:
    """Run the study's models at a size, each job measured; the folder of its results."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    ((name, entry),) = configuration["datasets"].items()
    # The configuration's own size is its own study, which `make million` completes.
    name = name if n_train == entry["n_train"] else f"{name}_{n_train}"
    configuration |= {"dataset": name, "datasets": {name: {**entry, "n_train": n_train}}}
    results = Path("results", name)
    with tempfile.TemporaryDirectory() as folder:
        overlay, python, notes = (Path(folder) / part for part in ("overlay.yaml", "python", NOTES))
        write_text(overlay, yaml.safe_dump(configuration))
        # Jobs call `python`: this one.
        usage = Path(__file__).with_name("usage.py")
        write_text(python, f'#!/bin/sh\nexec "{sys.executable}" "{usage}" "{notes}" "$@"\n')
        python.chmod(0o755)
        subprocess.run(
            [
                *(sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", overlay, "--"),
                *(results / f"models/{model}/predictions.npz" for model in configuration["compare"]),
            ],
            check=True,
            cwd=PROJECT,
            env=os.environ | {"PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        before, now = (path.read_text() if path.exists() else "" for path in (results / NOTES, notes))
        write_text(results / NOTES, before + now)
    return results


def seconds_and_memory(results: Path) -> dict[str, tuple[float, float, float]]:
    """Of each job, by its name: seconds of processor time, and MB of its own and resident at most; shards as one."""
    # A job that ran again counts as it did then.
    last = {one["job"]: one for one in map(json.loads, (results / NOTES).read_text().splitlines())}
    found: dict[str, tuple[float, float, float]] = {}
    for job, one in sorted(last.items()):
        name = SHARD.sub("", job)
        seconds, own, resident = found.get(name, (0, 0, 0))
        found[name] = (
            seconds + one["processor_seconds"],
            max(own, one["own_mb"]),
            max(resident, one["resident_mb"]),
        )
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
    """The page's tables, and the processor time of each job that takes long enough at the largest size."""
    sizes = [read_json(folder / "data/dataset.json")["n_train"] for folder in folders]
    measured = [seconds_and_memory(folder) for folder in folders]
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [
        f"| job | {head} | exponent | own memory at {' / '.join(f'{size:,}' for size in sizes)} | grows by | "
        "with mapped pages |"
    ]
    lines += ["|---|" + "--:|" * (len(sizes) + 4)]
    curves = {}
    for job in (name for name in measured[-1] if all(name in one for one in measured)):
        seconds, own, resident = zip(*(one[job] for one in measured), strict=True)
        power = ""
        if seconds[-1] >= SHORT:
            curves[job] = list(seconds)
            power = f"{round(exponent(sizes, seconds), 2) + 0.0:.2f}" if len(sizes) > 1 else ""
        times = " | ".join(f"{value:.1f} s" for value in seconds)
        grown = f"{own[-1] / own[0] - 1:.0%}"
        lines.append(
            f"| `{job}` | {times} | {power} | {' / '.join(f'{value:,.0f}' for value in own)} MB | {grown} | "
            f"{max(resident):,.0f} MB |"
        )
    lines += ["", f"| disk | {head} |", "|---|" + "--:|" * len(sizes)]
    for name, pattern in DISK.items():
        lines.append(
            f"| {name} | " + " | ".join(f"{megabytes(one, pattern):,.0f} MB" for one in folders) + " |"
        )
    return "\n".join(lines), curves


def on_paper(folders: list[Path]) -> str:
    """What larger studies would need, in proportion to the largest that was measured."""
    largest, configuration = folders[-1], yaml.safe_load(CONFIGURATION.read_text())
    n_train = read_json(largest / "data/dataset.json")["n_train"]
    seconds = sum(taken for taken, *_ in seconds_and_memory(largest).values())
    disk = sum(megabytes(largest, pattern) for pattern in DISK.values())
    n_values = configuration["features"]["pca"]["n_components"]
    lines = ["| images | processor time | disk | lists of ivf | labels |", "|--:|--:|--:|--:|--:|"]
    for count in PROJECTED:
        times = count / n_train
        lines.append(
            f"| {count:,} | {seconds * times / 3600:.1f} h | {disk * times / 1e3:,.0f} GB | "
            f"{count * bytes_per_vector(n_values) / 1e9:,.2f} GB | {8 * count / 1e9:,.2f} GB |"
        )
    return "\n".join(lines)


def draw(sizes: list[int], curves: dict[str, list[float]], path: Path) -> None:
    """Processor time against images, both logarithmic, a line a job."""
    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    axes = figure.subplots()
    marks = "osD^vP*X<>hp"
    # In the legend as they stand at the right end.
    longest_first = sorted(curves.items(), key=lambda item: -item[1][-1])
    for number, (job, seconds) in enumerate(longest_first):
        axes.plot(sizes, seconds, marker=marks[number % len(marks)], label=job, linewidth=1.2)
    axes.plot(sizes, [curves_min(curves) * size / sizes[0] for size in sizes], "k:", label="in proportion")
    axes.set(xscale="log", yscale="log", xlabel="training images", ylabel="seconds of processor time")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path)


def curves_min(curves: dict[str, list[float]]) -> float:
    """Where the line of proportion begins: at the shortest job."""
    return min(seconds[0] for seconds in curves.values())


def main() -> None:
    """Measure, and write the tables into the page, and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", required=True, help="numbers of training images")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    options = parser.parse_args()
    folders = [measure(size, options.cores) for size in sorted(options.sizes)]
    text, curves = table(folders)
    replace_part(options.page, "benchmarks/sizes.py", f"{text}\n\nOn paper:\n\n{on_paper(folders)}")
    draw(sorted(options.sizes), curves, options.picture)


if __name__ == "__main__":
    main()
