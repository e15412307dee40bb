"""Corruptions: increasing severity, reproducibility, and support of all image sizes."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from skimage import data
from skimage.transform import resize

from cifarbench.robustness.corruptions import CORRUPTIONS, corrupt

SHAPE = (3, 32, 32)
SCHEMA = Path(__file__).parents[3] / "workflow/schemas/config.schema.yaml"
# Corruptions that are not monotone: a wider blur with fewer swaps, or stronger frost on a smaller area.
UNEVEN = {"glass_blur", "snow", "frost", "elastic_transform"}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Return photographs at 32 x 32 pixels."""
    found = [
        resize(picture, (32, 32), anti_aliasing=True)
        for picture in (data.astronaut(), data.coffee(), data.chelsea())
    ]
    return np.stack([np.rint(255 * one).astype(np.uint8).transpose(2, 0, 1).reshape(-1) for one in found])


def change(images: np.ndarray, name: str, severity: int) -> float:
    return float(np.abs(corrupt(images, SHAPE, name, severity, seed=0).astype(int) - images).mean())


def test_the_schema_has_the_names_of_the_corruptions():
    schema = yaml.safe_load(SCHEMA.read_text())["properties"]["robustness"]["properties"]["corruptions"]
    assert list(CORRUPTIONS) == schema["items"]["enum"]
    assert len(CORRUPTIONS) == 15


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_higher_severities_change_more_and_the_seed_is_used(images, name):
    changes = [change(images, name, severity) for severity in range(1, 6)]
    assert changes[0] > 0.5
    assert changes[-1] > 1.3 * changes[0] or name in UNEVEN
    assert changes == sorted(changes) or name in UNEVEN
    once, again = (corrupt(images, SHAPE, name, 3, seed=5) for _ in range(2))
    assert np.array_equal(once, again)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48), (2, 8, 8), (3, 4, 4)], ids=str)
def test_images_of_any_size(name, shape):
    images = np.random.default_rng(0).integers(0, 256, (5, np.prod(shape)), np.uint8)
    for severity in (1, 5):
        found = corrupt(images, shape, name, severity, seed=0)
        assert found.shape == images.shape
        assert found.dtype == np.uint8


def test_corruptions_have_the_defined_strength(images):
    pixels = images.reshape(-1, *SHAPE).astype(int)
    flat = corrupt(images, SHAPE, "contrast", 5, 0).reshape(-1, *SHAPE)
    np.testing.assert_allclose(flat.std(axis=(2, 3)), 0.15 * pixels.std(axis=(2, 3)), rtol=0.03, atol=0.3)
    bright = corrupt(images, SHAPE, "brightness", 3, 0).reshape(-1, *SHAPE).max(axis=1).astype(int)
    np.testing.assert_allclose(bright, np.minimum(pixels.max(axis=1) + 0.15 * 255, 255), atol=1)
    noisy = corrupt(np.full((40, 3072), 128, np.uint8), SHAPE, "gaussian_noise", 5, 0)
    assert noisy.std() == pytest.approx(25.5, rel=0.03)
    struck = corrupt(np.full((40, 3072), 128, np.uint8), SHAPE, "impulse_noise", 5, 0)
    assert np.mean(struck != 128) == pytest.approx(0.07, rel=0.05)


@pytest.mark.parametrize(
    "name", ["defocus_blur", "motion_blur", "zoom_blur", "pixelate", "glass_blur", "elastic_transform"]
)
def test_blurs_keep_plain_images(name):
    plain = np.full((2, 3072), 77, np.uint8)
    assert np.abs(corrupt(plain, SHAPE, name, 5, 0).astype(int) - 77).max() <= 1
