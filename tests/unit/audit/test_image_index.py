"""Split, index and file of images, in an archive and in an image folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cifarbench.audit import image_index
from cifarbench.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> dict[str, Any]:
    for split, count in (("train", 30), ("test", 4)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count // 2):
                Image.new("RGB", (8, 6)).save(tmp_path / split / name / f"{number:02}.png")
    Image.new("L", (8, 6)).save(tmp_path / "train/dog/03.png")
    archive = {"path": str(tmp_path)}
    return {"type": "image_folder", "classes": ["cat", "dog"], "n_train": 30, "n_test": 4, "archive": archive}


def test_positions_become_indices_in_the_archive() -> None:
    about = {"n_train": 3, "n_test": 2, "removed": {"train": [1], "test": [0, 2]}}
    splits, indices = image_index.to_split_and_index(np.array([[0, 1], [2, 4]]), about)
    assert splits.tolist() == [["train", "train"], ["train", "test"]]
    assert indices.tolist() == [[0, 2], [3, 3]]


def test_images_of_a_folder_have_files(dataset: dict[str, Any]) -> None:
    known = image_index.image_paths(dataset)
    assert image_index.lookup_paths(known, ["train", "test"], [15, 1]) == [
        "train/dog/00.png",
        "test/cat/01.png",
    ]
    assert image_index.image_paths(dataset | {"type": "cifar10"}) is None
    assert image_index.lookup_paths(None, ["train"], [3]) == [None]


def test_rare_formats_are_listed(dataset: dict[str, Any]) -> None:
    assert image_index.rare_formats(image_index.image_paths(dataset), dataset) == [("train", 18, "8 x 6, L")]


def test_a_folder_that_has_changed_is_refused(dataset: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "test/cat/00.png").unlink()
    with pytest.raises(UserError, match="has changed since it was read"):
        image_index.image_paths(dataset)
