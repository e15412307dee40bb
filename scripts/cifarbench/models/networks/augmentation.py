"""Changed training images: mirrored, and shifted by some pixels, a whole batch at once."""

import torch
from torch.nn.functional import pad

from cifarbench.models.networks.streaming import StreamingImages


class Augmentation:
    """Images as a training sees them in one epoch.

    images: (N, channels, height, width) uint8. flip: each image is mirrored in every other epoch, beginning with the
    first or the second by chance, which is steadier than chance in each (as in airbench, Jordan 2024,
    arXiv 2404.00498). translate: by up to so many pixels up or down and left or right, by chance; what comes in from
    outside is the image's own border, mirrored. seed: of which images are mirrored first.
    """

    def __init__(self, images: torch.Tensor | StreamingImages, flip: bool, translate: int, seed: int):
        self._images = images
        self._shifts = translate
        self._mirrored = None
        if flip:
            generator = torch.Generator().manual_seed(seed)
            self._mirrored = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
        if translate and not isinstance(images, StreamingImages):
            self._windows = self._shifted(torch.cat([self._padded(few) for few in images.split(1000)]))

    def start_epoch(self, epoch: int, generator: torch.Generator) -> None:
        """Draw how far each image is shifted in this epoch. generator: on the CPU, so that all devices shift alike."""
        self._epoch = epoch
        if self._shifts:
            drawn = torch.randint(0, 2 * self._shifts + 1, (2, len(self._images)), generator=generator)
            self._down, self._across = drawn.to(self._images.device)

    def batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the augmented images of some rows, (n, channels, height, width) uint8."""
        if self._shifts and isinstance(self._images, StreamingImages):
            windows = self._shifted(self._padded(self._images.index_select(0, rows)))
            batch_images = windows[torch.arange(len(rows)), :, self._down[rows], self._across[rows]]
        elif self._shifts:
            batch_images = self._windows[rows, :, self._down[rows], self._across[rows]]
        else:
            # Whole rows are copied, several times faster than by indexing.
            batch_images = self._images.index_select(0, rows)
        if self._mirrored is None:
            return batch_images
        mirrored = self._mirrored[rows] ^ bool(self._epoch % 2)
        return torch.where(mirrored[:, None, None, None], batch_images.flip(3), batch_images)

    def _padded(self, images: torch.Tensor) -> torch.Tensor:
        return pad(images.float(), (self._shifts,) * 4, "reflect").byte()

    def _shifted(self, padded: torch.Tensor) -> torch.Tensor:
        """Return every translation of padded images, as views."""
        height, width = self._images.shape[2:]
        return padded.unfold(2, height, 1).unfold(3, width, 1)
