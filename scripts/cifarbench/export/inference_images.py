"""Load the images of any folder as inputs of a fitted model; report and skip other files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_file import read_image
from cifarbench.data.provenance import list_files
from cifarbench.errors import UserError
from cifarbench.models.saved_model import SavedModel

REMEDY = "scale it, or run with RESIZE=1"


@dataclass
class LoadedImages:
    """Images of a folder.

    paths: within the folder, sorted. pixels: (N, D) uint8, one row per path. warnings: conversions of images. rejected:
    reasons for skipped files. One sentence each.
    """

    paths: list[str] = field(default_factory=list)
    pixels: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    warnings: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def load_images(
    folder: Path, stored: SavedModel, resize: bool = False, advance: Callable[[int], Any] = lambda count: None
) -> LoadedImages:
    """Read all images of a folder and its subfolders as the dataset of a fitted model was read.

    resize: whether to scale and crop images of another size; always if the dataset was. Hidden files are skipped.
    advance: called with the number of files done. Raises UserError if the folder does not exist or has no images.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; name a folder of images.")
    images = LoadedImages()

    def reject(error: OSError) -> None:
        name = _escape_undecodable(error.filename)
        images.rejected.append(f"{name} can't be opened ({error.strerror}); change its permissions.")

    rows = []
    for path in list_files(folder, reject):
        name = path.relative_to(folder).as_posix()
        try:
            if _escape_undecodable(name) != name:
                raise UserError(f"{name!a} in {folder} has a name that is not UTF-8; rename it.")
            resized = resize or stored.dataset.get("resize", False)
            row, remarks = read_image(path, stored.image_shape, resized, remedy=REMEDY)
        except UserError as error:
            images.rejected.append(str(error))
        else:
            rows.append(row)
            images.paths.append(name)
            images.warnings += remarks
        advance(1)
    if not rows:
        message = (
            f"{folder} has no readable image (PNG, JPEG, WebP, BMP, TIFF, GIF); name a folder of images."
        )
        raise UserError("\n".join([message, *images.rejected]))
    images.pixels = np.stack(rows)
    return images


def _escape_undecodable(name: str) -> str:
    """Return a file name with escapes for bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
