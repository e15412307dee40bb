"""Random flips and translations, compared with single images."""

import numpy as np
import torch

from cifarbench.models.networks.augmentation import Augmentation

SHAPE = (3, 6, 5)


def images(count: int = 40) -> torch.Tensor:
    return torch.randint(
        0, 256, (count, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
    )


def epoch(augmentation: Augmentation, number: int, count: int = 40, seed: int = 0) -> torch.Tensor:
    augmentation.start_epoch(number, torch.Generator().manual_seed(seed))
    return augmentation.batch(torch.arange(count))


def test_images_are_unchanged_without_augmentation():
    assert torch.equal(epoch(Augmentation(images(), False, 0, seed=0), 0), images())


def test_images_are_mirrored_in_every_other_epoch():
    augmentation = Augmentation(images(), True, 0, seed=0)
    first, second, third = (epoch(augmentation, number) for number in range(3))
    unchanged = (first == images()).flatten(1).all(1)
    assert 10 < unchanged.sum() < 30
    assert torch.equal(second, first.flip(3))
    assert torch.equal(third, first)
    assert torch.equal(first[~unchanged], images()[~unchanged].flip(3))


def test_translated_images_have_reflected_borders():
    augmentation = Augmentation(images(400), False, 2, seed=0)
    found = epoch(augmentation, 0, 400)
    assert found.shape == (400, *SHAPE)
    padded = np.pad(images(400).numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    seen = set()
    for image, around in zip(found.numpy(), padded, strict=True):
        places = [
            (y, x) for y in range(5) for x in range(5) if (around[:, y : y + 6, x : x + 5] == image).all()
        ]
        assert len(places) == 1
        seen |= set(places)
    assert len(seen) == 25


def test_translations_depend_on_the_seed_and_batches_are_subsets_of_the_epoch():
    augmentation = Augmentation(images(), True, 2, seed=0)
    first, other = epoch(augmentation, 0), epoch(augmentation, 0, seed=1)
    assert not torch.equal(first, other)
    augmentation.start_epoch(0, torch.Generator().manual_seed(0))
    rows = torch.tensor([7, 3, 31])
    assert torch.equal(augmentation.batch(rows), first[rows])
