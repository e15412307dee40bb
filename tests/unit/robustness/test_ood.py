"""Out-of-distribution images, and the AUROC of confidence on them."""

import numpy as np
import pytest

from cifarbench.robustness.ood import auroc_of_confidence, load_ood_images


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 4, 4)], ids=str)
def test_ood_images_have_the_shape_of_the_dataset(shape):
    found = load_ood_images(shape, "cifar10")
    assert list(found) == ["textures", "digits"]
    for images in found.values():
        assert images.shape[1] == np.prod(shape)
        assert images.dtype == np.uint8
        assert len(np.unique(images, axis=0)) > 0.5 * len(images)


def test_the_dataset_itself_is_not_out_of_distribution():
    assert list(load_ood_images((3, 32, 32), "digits")) == ["textures"]


def test_auroc_of_confidence():
    confident, uncertain = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.5, 0.5], [0.6, 0.4]])
    assert auroc_of_confidence(confident, uncertain) == 1
    assert auroc_of_confidence(uncertain, confident) == 0
    assert auroc_of_confidence(confident, confident) == 0.5
