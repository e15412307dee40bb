"""Measure how a study grows with its images: processor time and memory of each job at several sizes.

    PYTHONPATH=scripts python benchmarks/sizes.py --sizes 50000 200000 1000000 --page docs/scaling.md

Runs the models of config/million.yaml at each size, and keeps the measurements beside the results, in
`results/synthetic_<size>/usage.jsonl`; called again, it measures the jobs that run again. If the largest size is that
of the configuration, `make bench-million` continues from its results.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from cifarbench.io.atomic import read_json, write_text
from cifarbench.io.markdown_sections import replace_section

PROJECT = Path(__file__).parents[1]
CONFIGURATION = PROJECT / "config/million.yaml"
NOTES = "usage.jsonl"
# Shorter jobs spend most of their seconds on imports, and their exponent means nothing.
MIN_SECONDS = 5.0


def measure(n_train: int, cores: int) -> Path:
    """Run the models at a size, measure each job, and return the folder of the results."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    ((name, entry),) = configuration["datasets"].items()
    # `make bench-million` has the name without a size.
    name = name if n_train == entry["n_train"] else f"{name}_{n_train}"
    configuration |= {"dataset": name, "datasets": {name: {**entry, "n_train": n_train}}}
    results = Path("results", name)
    with tempfile.TemporaryDirectory() as folder:
        overlay, python, notes = (Path(folder) / part for part in ("overlay.yaml", "python", NOTES))
        write_text(overlay, yaml.safe_dump(configuration))
        # Jobs call `python`, so it is replaced.
        script = Path(__file__).with_name("process_usage.py")
        write_text(python, f'#!/bin/sh\nexec "{sys.executable}" "{script}" "{notes}" "$@"\n')
        python.chmod(0o755)
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", overlay, "--"]
        command += [results / f"models/{model}/predictions.npz" for model in configuration["compare"]]
        path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        subprocess.run(command, check=True, cwd=PROJECT, env=os.environ | {"PATH": path})
        before, now = (path.read_text() if path.exists() else "" for path in (results / NOTES, notes))
        write_text(results / NOTES, before + now)
    return results


def usage(results: Path) -> dict[str, tuple[float, float, float]]:
    """Return each job's processor time in seconds, and its peaks of own and resident memory in MB."""
    # Of a job that ran again, the last run counts.
    records = {
        record["job"]: record for record in map(json.loads, (results / NOTES).read_text().splitlines())
    }
    return {
        job: (record["processor_seconds"], record["own_mb"], record["resident_mb"])
        for job, record in sorted(records.items())
    }


def exponent(sizes: list[float], values: list[float]) -> float:
    """Return the exponent of the power law that fits best."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def table(folders: list[Path]) -> str:
    """Return the page's table: processor time and memory of each job."""
    sizes = [read_json(folder / "data/dataset.json")["n_train"] for folder in folders]
    measured = [usage(folder) for folder in folders]
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [
        f"| job | {head} | exponent | own memory at {head.replace('|', '/')} | grows by | with mapped pages |",
        "|---|" + "--:|" * (len(sizes) + 4),
    ]
    for job in (name for name in measured[-1] if all(name in one for one in measured)):
        seconds, own, resident = zip(*(one[job] for one in measured), strict=True)
        is_fitted = seconds[-1] >= MIN_SECONDS and len(sizes) > 1
        power = f"{round(exponent(sizes, seconds), 2) + 0.0:.2f}" if is_fitted else ""
        times = " | ".join(f"{value:.1f} s" for value in seconds)
        grown = f"{own[-1] / own[0] - 1:.0%}"
        lines.append(
            f"| `{job}` | {times} | {power} | {' / '.join(f'{value:,.0f}' for value in own)} MB | {grown} | "
            f"{max(resident):,.0f} MB |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", required=True, help="numbers of training images")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--page", type=Path, required=True)
    options = parser.parse_args()
    folders = [measure(size, options.cores) for size in sorted(options.sizes)]
    replace_section(options.page, "benchmarks/sizes.py", table(folders))


if __name__ == "__main__":
    main()
