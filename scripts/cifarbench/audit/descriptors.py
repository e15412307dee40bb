"""Images as an audit compares them: small and grey, then their details, whatever light and contrast they have."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from cifarbench.features.fit_inputs import to_nchw
from cifarbench.io.memmap import ConcatenatedArrays, release_pages

# Images (N, C*H*W) uint8 that are in memory, or in their files.
Rows = np.ndarray | ConcatenatedArrays
# Height and width of the small image: large enough for what tells two photographs apart.
SIDE = 32
BLOCK_ROWS = 1024
# Widths in pixels of the Gaussians, the differences of which are the fine and the coarse details.
WIDTHS = (0.5, 1.2, 3.0)
N_BANDS = len(WIDTHS) - 1
# Over how many pixels contrast is brought to the same, and the contrast (of 255) below which it is taken for noise.
NEIGHBORHOOD, NOISE = 3.0, 3.0
# The same, of the edges that an image consists of at its own contrast.
EDGES = (0.7, 3.0)
# Of the gradients' histograms: directions, and height and width of a cell.
DIRECTIONS, CELL = 8, 4


def iter_blocks(rows: Rows, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, np.ndarray]]:
    """Which rows, and what they are (n, D): a block at a time, of which no other is in memory."""
    for start in range(0, len(rows), size):
        some = slice(start, min(start + size, len(rows)))
        yield some, rows[some]
        release_pages(rows)


def downscale_gray(images: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Images (N, C*H*W) uint8 as (N, SIDE, SIDE) float32, the mean of their channels, whole whatever their size."""
    down, across = (_resampling(side) for side in image_shape[1:])
    found = np.empty((len(images), SIDE, SIDE), np.float32)
    for start in range(0, len(images), BLOCK_ROWS):
        block = to_nchw(np.asarray(images[start : start + BLOCK_ROWS]), image_shape)
        grey = block.mean(axis=1, dtype=np.float32)
        found[start : start + BLOCK_ROWS] = down @ grey @ across.T
    return found


class DownscaledImages:
    """Small images, made of those that are asked for: `small[rows]`, rows (n,) int, are grey (n, SIDE, SIDE) float32.

    images: (N, C*H*W) uint8, or what gives such rows.
    """

    def __init__(self, images: Rows, image_shape: tuple[int, int, int]):
        self._images, self._shape = images, image_shape

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return downscale_gray(self._images[rows], self._shape)

    def chroma(self, rows: np.ndarray) -> np.ndarray:
        """Each channel less the mean of all: (n, C, SIDE, SIDE) float32."""
        down, across = (_resampling(side) for side in self._shape[1:])
        block = to_nchw(self._images[rows], self._shape).astype(np.float32)
        return down @ (block - block.mean(axis=1, keepdims=True)) @ across.T


class DownscaledRGB:
    """Images as they are, or with no side longer than SIDE, of those that are asked for: (n, C*h*w) uint8.

    images: (N, C*H*W) uint8, or what gives such rows. image_shape: channels, and the h and w that come of it.
    """

    def __init__(self, images: Rows, image_shape: tuple[int, int, int]):
        channels, *sides = image_shape
        self._images, self._shape = images, image_shape
        self.image_shape = channels, *(min(side, SIDE) for side in sides)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self.reduced(self._images[rows])

    def reduced(self, block: np.ndarray) -> np.ndarray:
        """The same of images that are at hand, (n, C*H*W) uint8."""
        if self.image_shape == self._shape:
            return block
        down, across = (
            _resampling(side) if side > SIDE else np.eye(side, dtype=np.float32) for side in self._shape[1:]
        )
        found = down @ to_nchw(block, self._shape).astype(np.float32) @ across.T
        return np.rint(found).clip(0, 255).astype(np.uint8).reshape(len(block), -1)


def bandpass_features(grey: np.ndarray) -> np.ndarray:
    """What an image consists of, as (N, bands, SIDE, SIDE) float32, of small grey images.

    Differences of Gaussians, divided by their own strength nearby: a faint texture counts as much as a sharp edge, and
    neither light nor contrast matters. What is fainter than noise stays near 0.
    """
    found = np.empty((len(grey), N_BANDS, SIDE, SIDE), np.float32)
    around = _gaussian(NEIGHBORHOOD)
    blurred = [_filtered(grey, _gaussian(width)) for width in WIDTHS]
    for band in range(N_BANDS):
        values = blurred[band] - blurred[band + 1]
        strength = np.sqrt(np.maximum(_filtered(np.square(values), around), 0))
        found[:, band] = values / (strength + NOISE)
    return found


def edge_map(grey: np.ndarray) -> np.ndarray:
    """What an image shows without its light, at its own contrast: (N, SIDE, SIDE) float32 of small grey images."""
    return _filtered(grey, _gaussian(EDGES[0])) - _filtered(grey, _gaussian(EDGES[1]))


def hog(grey: np.ndarray) -> np.ndarray:
    """Histograms of the gradients' directions in overlapping cells: (N, D) float32 of small grey images.

    They bear shifts of some pixels, and other light.
    """
    edged = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = edged[:, 1:-1, 2:] - edged[:, 1:-1, :-2]
    down = edged[:, 2:, 1:-1] - edged[:, :-2, 1:-1]
    length = np.hypot(across, down)
    place = np.arctan2(down, across) * (DIRECTIONS / (2 * np.pi)) % DIRECTIONS
    low = np.floor(place)
    share, low = place - low, low.astype(np.int8) % DIRECTIONS
    pooling = _pooling()
    cells = np.empty((len(grey), DIRECTIONS, *(len(pooling),) * 2), np.float32)
    for direction in range(DIRECTIONS):
        before = (direction - 1) % DIRECTIONS
        weight = length * (np.where(low == direction, 1 - share, 0) + np.where(low == before, share, 0))
        cells[:, direction] = pooling @ weight @ pooling.T
    return np.sqrt(cells).reshape(len(grey), -1)


def mirror_index_bandpass(side: int) -> np.ndarray:
    """Which values of details of a mirrored image are which of the image itself: (bands * side * side,) int."""
    places = np.arange(N_BANDS * side * side).reshape(N_BANDS, side, side)
    return places[:, :, ::-1].ravel()


def mirror_index_hog() -> np.ndarray:
    """The same of outlines: a direction becomes its mirror image, too."""
    cells = SIDE // CELL
    places = np.arange(DIRECTIONS * cells * cells).reshape(DIRECTIONS, cells, cells)
    return places[(DIRECTIONS // 2 - np.arange(DIRECTIONS)) % DIRECTIONS][:, :, ::-1].ravel()


@cache
def zoom_matrix(scale: float) -> np.ndarray:
    """(SIDE, SIDE) float32: the matrix that enlarges a row of pixels about its middle, between neighbours linearly."""
    middle = (SIDE - 1) / 2
    places = np.clip((np.arange(SIDE) - middle) / scale + middle, 0, SIDE - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(SIDE))).astype(np.float32)


def _filtered(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    # One large product, and a small one for each image: no copy is turned round.
    across = (images.reshape(-1, SIDE) @ matrix.T).reshape(-1, SIDE, SIDE)
    return matrix @ across


@cache
def _gaussian(sigma: float) -> np.ndarray:
    """(SIDE, SIDE): the matrix that blurs a row of pixels; those at the border stand for what lies beyond."""
    reach = np.arange(-2 * SIDE, 3 * SIDE)
    weights = np.exp(-0.5 * np.square((np.arange(SIDE)[:, None] - reach) / sigma))
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((SIDE, SIDE))
    np.add.at(matrix.T, np.clip(reach, 0, SIDE - 1), weights.T)
    return matrix.astype(np.float32)


@cache
def _pooling() -> np.ndarray:
    """(cells, SIDE): sums over cells that overlap by half, falling off linearly from their middles."""
    middles = np.arange(SIDE // CELL) * CELL + (CELL - 1) / 2
    distance = np.abs(middles[:, None] - np.arange(SIDE)) / CELL
    return np.maximum(0, 1 - distance).astype(np.float32)


@cache
def _resampling(size: int) -> np.ndarray:
    """(SIDE, size): the matrix that brings a row of pixels to SIDE, by area if it shrinks, else linearly."""
    if size < SIDE:
        places = np.clip((np.arange(SIDE) + 0.5) * size / SIDE - 0.5, 0, size - 1)
        return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size))).astype(np.float32)
    edges = np.arange(SIDE + 1) * size / SIDE
    pixels = np.arange(size)
    shares = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(0, shares) * SIDE / size).astype(np.float32)
