"""Read training images that do not fit into memory from a mapped file, in a nearly random order."""

from pathlib import Path

import numpy as np
import torch

from cifarbench.io.memmap import release_pages, take_rows

# Consecutive images that are read together.
BLOCK = 64
# Bytes of the pool of images that batches are drawn from.
SHUFFLE_BUFFER_BYTES = 200_000_000
# Images that are copied before the pages of the file are released.
READ_ROWS = 4096


class StreamingImages:
    """Images (N, channels, height, width) uint8 of a mapped file, with the methods of a tensor that training needs.

    In each epoch, blocks of consecutive images are shuffled and divided into pools that fit into memory; then the
    images of each pool are shuffled. A pool has blocks from the whole file, so images that are sorted by class are
    mixed.
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
        self._pool_rows = np.arange(0)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> torch.Tensor:
        """Return consecutive images, (n, channels, height, width) uint8."""
        return self._read(np.arange(len(self))[rows])

    def shuffle(self, generator: torch.Generator, batch_size: int) -> torch.Tensor:
        """Return the order of the images in the next epoch, (N,) int64; they must be read in this order."""
        n_blocks = -(-len(self) // BLOCK)
        blocks = torch.randperm(n_blocks, generator=generator).numpy()
        order = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        order = order[order < len(self)]
        # No batch has images of two pools.
        size = max(SHUFFLE_BUFFER_BYTES // self.shape[1:].numel() // batch_size, 1) * batch_size
        pools = [order[start : start + size] for start in range(0, len(order), size)]
        shuffled = [pool[torch.randperm(len(pool), generator=generator).numpy()] for pool in pools]
        self._pools = [np.sort(pool) for pool in reversed(pools)]
        return torch.from_numpy(np.concatenate(shuffled))

    def index_select(self, _: int, chosen: torch.Tensor) -> torch.Tensor:
        """Return the images of a batch, (n, channels, height, width) uint8."""
        rows = chosen.cpu().numpy()
        positions = np.searchsorted(self._pool_rows, rows)
        if positions.max() == len(self._pool_rows) or (self._pool_rows[positions] != rows).any():
            self._pool_rows = self._pools.pop()
            # The memory of the last pool is freed before the next one is read.
            self._pool = torch.empty(0)
            self._pool = self._read(self._pool_rows)
            positions = np.searchsorted(self._pool_rows, rows)
        return self._pool.index_select(0, torch.from_numpy(positions)).to(self.device)

    def _read(self, positions: np.ndarray) -> torch.Tensor:
        pixels = np.empty((len(positions), *self._pixels.shape[1:]), self._pixels.dtype)
        for start in range(0, len(positions), READ_ROWS):
            chunk = slice(start, start + READ_ROWS)
            pixels[chunk] = take_rows(self._pixels, self._rows[positions[chunk]])
            release_pages(self._pixels)
        return torch.from_numpy(pixels).reshape(-1, *self.shape[1:])
