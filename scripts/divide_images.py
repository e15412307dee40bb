"""Divide the training images: into folds of cross-validation, or by a stratified order of which parts are the first."""

from pathlib import Path

import numpy as np

from cifarbench.data.parts import divide
from cifarbench.study.command import run
from cifarbench.study.files import write_array


def main(labels: Path, division: Path, settings: dict) -> None:
    """settings: `division`, its name, and `seed`."""
    write_array(division, divide(np.load(labels), settings["division"], settings["seed"]))


if __name__ == "__main__":
    run(main)
