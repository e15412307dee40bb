"""Load the images of any folder, archive, table or file of arrays as inputs of a fitted model; skip other files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cifarbench.data.image_file import read_image
from cifarbench.data.image_sources import Content, find_unlabelled
from cifarbench.data.printable import escape_ascii
from cifarbench.data.provenance import list_files
from cifarbench.errors import UserError
from cifarbench.models.saved_model import SavedModel

REMEDY = "scale it, or run with RESIZE=1"


@dataclass
class LoadedImages:
    """Images of a folder or file.

    paths: within the folder, or names of rows of a file, sorted. pixels: (N, D) uint8, one row per path. warnings:
    conversions of images. rejected: reasons for skipped files. One sentence each.
    """

    paths: list[str] = field(default_factory=list)
    pixels: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    warnings: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def load_images(
    path: Path, stored: SavedModel, resize: bool = False, advance: Callable[[int], Any] = lambda count: None
) -> LoadedImages:
    """Read all images of a folder and its subfolders, or of a file, as the dataset of a fitted model was read.

    path: a folder, zip, tar, table (CSV), .npz or Parquet file; labels are ignored. resize: whether to scale and crop
    images of another size; always if the dataset was. Hidden files are skipped. advance: called with the number of
    files done. Raises UserError if the path does not exist or has no images.
    """
    if not path.exists():
        raise UserError(
            f"{path} does not exist; name a folder of images, a zip, tar, CSV, .npz or Parquet file."
        )
    images = LoadedImages()
    rows: dict[str, np.ndarray] = {}
    for name, load in _contents(path, images.rejected):
        try:
            if _escape_undecodable(name) != name:
                raise UserError(f"{name!a} in {path} has a name that is not UTF-8; rename it.")
            resized = resize or stored.dataset.get("resize", False)
            rows[name], remarks = read_image(
                load(), stored.image_shape, resized, str(path / name), remedy=REMEDY
            )
        except UserError as error:
            images.rejected.append(str(error))
        except (OSError, ValueError, RuntimeError) as error:
            images.rejected.append(
                f"{path / name} can't be read ({escape_ascii(error)}); repair or remove it."
            )
        else:
            images.warnings += remarks
        advance(1)
    if not rows:
        message = f"{path} has no readable image (PNG, JPEG, WebP, BMP, TIFF, GIF); name a folder of images."
        raise UserError("\n".join([message, *images.rejected]))
    images.paths = sorted(rows)
    images.pixels = np.stack([rows[name] for name in images.paths])
    return images


def _contents(path: Path, rejected: list[str]) -> Iterator[tuple[str, Callable[[], Content]]]:
    """Yield the name of each file or image, and a function that returns its content.

    rejected: takes a sentence for each folder that can't be read.
    """

    def reject(error: OSError) -> None:
        name = _escape_undecodable(error.filename)
        rejected.append(f"{name} can't be opened ({error.strerror}); change its permissions.")

    if not path.is_dir():
        names, read = find_unlabelled(path)
        for index, load in read(names):
            yield names[index], load
        return
    for file in list_files(path, reject):
        if file.suffix.lower() != ".parquet":
            yield file.relative_to(path).as_posix(), partial(Path, file)
            continue
        names, read = find_unlabelled(file)
        for index, load in read(names):
            yield (file.parent / names[index]).relative_to(path).as_posix(), load


def _escape_undecodable(name: str) -> str:
    """Return a file name with escapes for bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
