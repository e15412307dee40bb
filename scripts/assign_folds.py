"""Assign each training image to the fold that leaves it out for validation."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import assign_folds
from cifarbench.study.command import run
from cifarbench.study.files import write_array


def main(labels: Path, folds: Path, settings: dict) -> None:
    """settings: `folds`, how many."""
    write_array(folds, assign_folds(np.load(labels), settings["folds"]))


if __name__ == "__main__":
    run(main)
