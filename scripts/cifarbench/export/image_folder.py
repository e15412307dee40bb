"""The pictures of any folder, as a dataset's images; what is no such picture is told of, and left out."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_file import MODES, read_image
from cifarbench.errors import UserError
from cifarbench.models.saved_model import SavedModel

REMEDY = "scale it before, or ask with RESIZE=1"


@dataclass
class LoadedImages:
    """What was found in a folder.

    files: paths within it, sorted. pixels: (N, D) uint8, a row a file. remarks: what had to be done to some of them.
    refused: why others are not among them. A sentence each.
    """

    paths: list[str] = field(default_factory=list)
    pixels: np.ndarray | None = None
    warnings: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def load_images(
    folder: Path, stored: SavedModel, resize: bool = False, advance: Callable[[int], Any] = lambda count: None
) -> LoadedImages:
    """All pictures of a folder and its subfolders, read as the dataset of a stored model was.

    resize: scale and cut those of another size, whatever the dataset did. Hidden files are passed over. advance: told
    of each file. Raises UserError if there is no such folder, or not one picture that can be read.
    """
    if stored.image_shape[0] not in MODES:
        raise UserError(
            f"Images have {stored.image_shape[0]} channels; pictures have 1 (grey) or 3 (colours)."
        )
    found = LoadedImages()
    paths = _files(folder, found)
    rows = []
    for path in paths:
        try:
            row, remarks = read_image(
                path, stored.image_shape, resize or stored.dataset.get("resize", False), REMEDY
            )
        except UserError as error:
            found.rejected.append(str(error))
        else:
            rows.append(row)
            found.paths.append(path.relative_to(folder).as_posix())
            found.warnings += remarks
        advance(1)
    if not rows:
        raise UserError(
            "\n".join(
                [f"{folder} holds no picture that can be read; name a folder that does.", *found.rejected]
            )
        )
    found.pixels = np.stack(rows)
    return found


def _files(folder: Path, found: LoadedImages) -> list[Path]:
    """The files of a folder and its subfolders, by path; subfolders that can't be opened are told of."""
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name one with pictures in it.")

    def refuse(error: OSError) -> None:
        found.rejected.append(
            f"{error.filename} can't be opened ({error.strerror}); ask for the right to read it."
        )

    files = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(files)
