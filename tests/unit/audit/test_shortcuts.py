"""Image properties that predict the class, and differences between training and test images."""

import numpy as np
import pytest
from PIL import Image

import find_shortcuts
from cifarbench.audit.shortcuts import image_properties, probe_properties, train_test_auc
from cifarbench.io.atomic import read_json, save_npy, write_json
from helpers.jobs import run_job

SHAPE = (3, 10, 10)


def images(rng: np.random.Generator, n: int, shift: float = 0.0) -> np.ndarray:
    return np.clip(rng.normal(120 + shift, 40, size=(n, 300)), 0, 255).astype(np.uint8)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def probe(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> dict:
    found = (image_properties(rows, SHAPE) for rows in (train, test))
    before, after = found
    return probe_properties(before, train_labels, after, test_labels, seed=0)


def test_brightness_and_border_of_an_image(rng):
    pixels = images(rng, 5)
    found = image_properties(pixels, SHAPE)
    block = pixels.reshape(5, 3, 10, 10).astype(float)
    assert found["brightness"][:, 0] == pytest.approx(block.mean(axis=(1, 2, 3)))
    edge = np.concatenate(
        [block[:, :, 0], block[:, :, -1], block[:, :, 1:-1, 0], block[:, :, 1:-1, -1]], axis=2
    )
    assert found["border_color"] == pytest.approx(edge.mean(axis=2))


def test_a_brighter_class_is_found_and_random_properties_are_not(rng):
    labels = [rng.integers(3, size=n) for n in (400, 200)]
    plain = [images(rng, len(of_split)) for of_split in labels]
    found = probe(plain[0], labels[0], plain[1], labels[1])
    assert {name: result["p_value"] > 0.001 for name, result in found.items()} == {
        "brightness": True,
        "border_color": True,
    }
    brighter = [
        np.clip(rows + 12 * of_split[:, None], 0, 255).astype(np.uint8)
        for rows, of_split in zip(plain, labels, strict=True)
    ]
    found = probe(brighter[0], labels[0], brighter[1], labels[1])
    assert found["brightness"]["accuracy"] > 0.8
    assert found["brightness"]["p_value"] < 1e-9
    assert found["brightness"]["chance"] == np.mean(labels[1] == np.bincount(labels[0]).argmax())


def test_a_frame_around_images_of_a_class_is_found(rng):
    labels = [rng.integers(2, size=n) for n in (300, 150)]
    framed = []
    for of_split in labels:
        block = images(rng, len(of_split)).reshape(-1, *SHAPE)
        block[of_split == 1, :, 0] = 255
        framed.append(block.reshape(len(block), -1))
    found = probe(framed[0], labels[0], framed[1], labels[1])
    assert found["border_color"]["accuracy"] > 0.95


def test_test_images_of_another_origin_are_distinguished_from_training_images(rng):
    same = train_test_auc(images(rng, 200), images(rng, 150), SHAPE, seed=0)
    assert same["auc_ci95"][0] < 0.5 < same["auc_ci95"][1]
    other = train_test_auc(images(rng, 200), images(rng, 150, shift=15), SHAPE, seed=0)
    assert other["auc_ci95"][0] > 0.7
    assert other["n_images"] == 300


def test_the_type_of_image_files_is_a_property(rng, tmp_path):
    """Save the first class as PNG and the second as JPEG."""
    for split, n in (("train", 20), ("test", 10)):
        for name, suffix in (("cat", "png"), ("dog", "jpg")):
            folder = tmp_path / "images" / split / name
            folder.mkdir(parents=True)
            for number in range(n):
                pixels = images(rng, 1).reshape(3, 10, 10).transpose(1, 2, 0)
                Image.fromarray(pixels).save(folder / f"{number}.{suffix}")
        save_npy(tmp_path / f"{split}_images.npy", images(rng, 2 * n))
        save_npy(tmp_path / f"{split}_labels.npy", np.repeat([0, 1], n))
    dataset = {
        "type": "image_folder",
        "archive": {"path": str(tmp_path / "images")},
        "classes": ["cat", "dog"],
    }
    write_json(tmp_path / "dataset.json", dataset | {"image_shape": SHAPE, "n_train": 40, "n_test": 20})
    files = {
        array: [tmp_path / f"{split}_{array}.npy" for split in ("train", "test")]
        for array in ("images", "labels")
    }
    run_job(
        find_shortcuts,
        files | {"dataset": tmp_path / "dataset.json"},
        {"shortcuts": tmp_path / "shortcuts.json"},
        {"seed": 0},
    )
    found = read_json(tmp_path / "shortcuts.json")["properties"]
    assert found["file_type"]["accuracy"] == 1
    assert found["file_type"]["p_value"] < 1e-5
    # All files have one size.
    assert "image_size" not in found


def test_images_in_a_zip_have_no_file_properties(tmp_path):
    dataset = {
        "type": "images",
        "archive": {"path": str(tmp_path / "images.zip")},
        "files": {"train": ["a/1.png"], "test": ["a/2.png"]},
        "n_train": 1,
        "n_test": 1,
    }
    assert find_shortcuts._file_properties(dataset) == {}
