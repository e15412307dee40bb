"""Augment training images: mirror, shift and cut them, a whole batch at once, or transform each by a user's class."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.functional import pad

from cifarbench.io import user_code
from cifarbench.messages import format_error
from cifarbench.models.networks.streaming import StreamingImages

# The middle of the range of pixels, which is about 0 after preprocessing.
GREY = 128


class Augmentation:
    """The augmented training images of each epoch.

    images: (N, channels, height, width) uint8. flip: mirror each image in alternate epochs, beginning with the first or
    the second at random, which has less variance than a random choice in each epoch (as in airbench, Jordan 2024,
    arXiv 2404.00498). translate: largest random shift in pixels; the border is reflected into the image. seed: of the
    images that are mirrored in the first epoch. cutout: side in pixels of a grey square around a random pixel of each
    image (DeVries and Taylor 2017, arXiv 1708.04552). transform: a function of one image, applied at the end.
    """

    def __init__(
        self,
        images: torch.Tensor | StreamingImages,
        flip: bool,
        translate: int,
        seed: int,
        cutout: int = 0,
        transform: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ):
        self._images = images
        self._max_shift = translate
        self._cutout = cutout
        self._transform = transform
        self._mirrored = None
        if flip:
            generator = torch.Generator().manual_seed(seed)
            self._mirrored = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
        if translate and not isinstance(images, StreamingImages):
            self._windows = self._shifted(torch.cat([self._padded(block) for block in images.split(1000)]))

    def start_epoch(self, epoch: int, generator: torch.Generator) -> None:
        """Draw the shift of each image by a generator on the CPU, so that shifts are the same on every device."""
        self._epoch = epoch
        if self._max_shift:
            shifts = torch.randint(0, 2 * self._max_shift + 1, (2, len(self._images)), generator=generator)
            self._dy, self._dx = shifts.to(self._images.device)
        if self._cutout:
            size = (len(self._images),)
            centres = [torch.randint(0, side, size, generator=generator) for side in self._images.shape[2:]]
            self._centres = torch.stack(centres).to(self._images.device)

    def batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the augmented images of the rows, (n, channels, height, width) uint8."""
        if self._max_shift and isinstance(self._images, StreamingImages):
            windows = self._shifted(self._padded(self._images.index_select(0, rows)))
            batch_images = windows[torch.arange(len(rows)), :, self._dy[rows], self._dx[rows]]
        elif self._max_shift:
            batch_images = self._windows[rows, :, self._dy[rows], self._dx[rows]]
        else:
            # index_select copies whole rows, several times faster than indexing.
            batch_images = self._images.index_select(0, rows)
        if self._mirrored is not None:
            mirrored = self._mirrored[rows] ^ bool(self._epoch % 2)
            batch_images = torch.where(mirrored[:, None, None, None], batch_images.flip(3), batch_images)
        if self._cutout:
            batch_images = batch_images.masked_fill(self._squares(rows), GREY)
        if self._transform:
            # One by one, since a transform draws the same random numbers for all images of a batch.
            batch_images = torch.stack([self._transform(image) for image in batch_images])
        return batch_images

    def _squares(self, rows: torch.Tensor) -> torch.Tensor:
        """Return which pixels of some rows are in the square of cutout, (n, 1, height, width) bool."""
        inside = []
        for centres, length in zip(self._centres[:, rows], self._images.shape[2:], strict=True):
            offsets = torch.arange(length, device=rows.device) - (centres - self._cutout // 2)[:, None]
            inside.append((offsets >= 0) & (offsets < self._cutout))
        return (inside[0][:, :, None] & inside[1][:, None, :])[:, None]

    def _padded(self, images: torch.Tensor) -> torch.Tensor:
        return pad(images.float(), (self._max_shift,) * 4, "reflect").byte()

    def _shifted(self, padded: torch.Tensor) -> torch.Tensor:
        """Return every translation of padded images, as views."""
        height, width = self._images.shape[2:]
        return padded.unfold(2, height, 1).unfold(3, width, 1)


def create_transform(params: dict[str, Any]) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return the transform that a network's hyperparameters name, if any."""
    if not params.get("transform"):
        return None
    return user_code.import_object(params["transform"], "transform")(**params.get("transform_params") or {})


def transform_errors(key: str, params: dict[str, Any], image_shape: tuple[int, int, int]) -> Iterator[str]:
    """Yield a sentence if a transform can't be built, or returns no image of the same shape and type."""
    prefix = f"{key}.transform is {params['transform']}"
    try:
        transform = create_transform(params)
        assert transform  # The entry has one.
        returned = transform(torch.zeros(image_shape, dtype=torch.uint8))
    except Exception as error:
        yield f"{prefix}, which fails on an image ({format_error(error)}): correct it or its transform_params."
        return
    if getattr(returned, "dtype", None) != torch.uint8 or returned.shape != image_shape:
        yield f"{prefix}, which does not return an image of the same shape as uint8: name another transform."
