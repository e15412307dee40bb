"""Assign each training image to the fold that leaves it out for validation."""

from pathlib import Path

import numpy as np

from cifarbench.command import run
from cifarbench.files import write_array
from cifarbench.folds import assign_folds


def main(labels: Path, folds: Path, settings: dict) -> None:
    """settings: `folds`, how many."""
    write_array(folds, assign_folds(np.load(labels), settings["folds"]))


if __name__ == "__main__":
    run(main)
