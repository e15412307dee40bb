"""Small sets of real images in many layouts: the digits of scikit-learn as files."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def digits(n_per_class: int, classes: int = 3, side: int = 8) -> list[tuple[str, Image.Image]]:
    """Return the first digits of each class as class name and grey image of `side` pixels."""
    data = load_digits()
    images_of_classes = []
    for number in range(classes):
        for image in data.images[data.target == number][:n_per_class]:
            pixels = np.rint(image * 255 / 16).astype(np.uint8)
            images_of_classes.append((NAMES[number], Image.fromarray(pixels).resize((side, side))))
    return images_of_classes


def write_class_folders(
    folder: Path, n_per_class: int, classes: int = 3, suffix: str = "png", side: int = 8
) -> list[str]:
    """Write digits as <class>/<number>.<suffix> and return the sorted names."""
    names = []
    for number, (name, image) in enumerate(digits(n_per_class, classes, side)):
        path = folder / name / f"{number:03}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
        names.append(path.relative_to(folder).as_posix())
    return sorted(names)
