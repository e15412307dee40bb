"""Training images that don't fit into memory: read in pools from a mapped file, in an order that is nearly random."""

from pathlib import Path

import numpy as np
import torch

from cifarbench.io.memmap import release_pages, take_rows

# Images that are read together, since they lie side by side; bytes of images among which batches are drawn; and images
# that are copied before what they were read into is given back.
BLOCK, SHUFFLE_BUFFER_BYTES, READ_ROWS = 64, 200_000_000, 4096


class StreamingImages:
    """Images (N, channels, height, width) uint8 of a mapped file, with as much of a tensor's ways as training needs.

    In each epoch, blocks of images that lie side by side come in a random order; as many of them as fit make a pool, of
    which the images come in a random order. So an image can be in any batch of an epoch, but those of a block come
    within one pool, and of images that lie in an order of classes, a pool holds many blocks from everywhere.
    """

    def __init__(
        self,
        images: Path,
        image_shape: tuple[int, int, int],
        device: torch.device,
        rows: np.ndarray | None = None,
    ):
        self._pixels = np.load(images, mmap_mode="r")
        self._rows = np.arange(len(self._pixels)) if rows is None else rows
        self.shape = torch.Size((len(self._rows), *image_shape))
        self.device = device
        self._pools: list[np.ndarray] = []
        self._held = np.arange(0)

    def __len__(self) -> int:
        return len(self._rows)

    def head(self, count: int) -> torch.Tensor:
        """Return the first images, (count, channels, height, width) uint8."""
        return self._read(np.arange(min(count, len(self))))

    def shuffle(self, generator: torch.Generator, batch_size: int) -> torch.Tensor:
        """Return the order of the images in the next epoch, (N,) int64; they must be read in it."""
        n_blocks = -(-len(self) // BLOCK)
        blocks = torch.randperm(n_blocks, generator=generator).numpy()
        order = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        order = order[order < len(self)]
        # No batch is of two pools.
        size = max(SHUFFLE_BUFFER_BYTES // self.shape[1:].numel() // batch_size, 1) * batch_size
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        shuffled = [pool[torch.randperm(len(pool), generator=generator).numpy()] for pool in pools]
        self._pools = [np.sort(pool) for pool in reversed(pools)]
        return torch.from_numpy(np.concatenate(shuffled))

    def index_select(self, _: int, chosen: torch.Tensor) -> torch.Tensor:
        """Return the images of a batch, (n, channels, height, width) uint8."""
        wanted = chosen.cpu().numpy()
        positions = np.searchsorted(self._held, wanted)
        if (
            not len(self._held)
            or positions.max() == len(self._held)
            or (self._held[positions] != wanted).any()
        ):
            self._held = self._pools.pop()
            self._pool = None
            self._pool = self._read(self._held)
            positions = np.searchsorted(self._held, wanted)
        return self._pool.index_select(0, torch.from_numpy(positions)).to(self.device)

    def _read(self, positions: np.ndarray) -> torch.Tensor:
        pixels = np.empty((len(positions), *self._pixels.shape[1:]), self._pixels.dtype)
        # What has been read is given back, some at a time.
        for start in range(0, len(positions), READ_ROWS):
            chunk = slice(start, start + READ_ROWS)
            pixels[chunk] = take_rows(self._pixels, self._rows[positions[chunk]])
            release_pages(self._pixels)
        return torch.from_numpy(pixels).reshape(-1, *self.shape[1:])
