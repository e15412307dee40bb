"""The page of a data audit: duplicates side by side, label issues, image issues, and the classes."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from PIL import Image

from cifarbench.audit.image_index import kept_indices
from cifarbench.audit.label_issues import MIN_EXCESS, N_FOLDS
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row
from cifarbench.report.audit import Audit
from cifarbench.report.templating import bundle_modules, jinja_environment
from cifarbench.report.translation import Translator

# Shown of each list; the tables have all.
MAX_SHOWN = 60
MAX_PIXELS = 96


class Thumbnails:
    """The images of a dataset as elements of the page.

    images: split -> (N, D) uint8. means: of the classes, (n_classes, D) uint8.
    """

    def __init__(self, images: dict[str, np.ndarray], means: np.ndarray, dataset: dict[str, Any]):
        self._images, self._means = images, means
        self._shape = tuple(dataset["image_shape"])
        # Indices count the excluded images, too; the arrays are without them.
        self._rows = {split: kept_indices(dataset, split) for split in images}

    def image(self, split: str, index: int, alt: str) -> Markup:
        """Return one image."""
        return self._element(self._pixels(split, index), alt)

    def difference(self, pair: Row, alt: str) -> Markup:
        """Return the absolute difference of the two images of a pair; a mirrored one is mirrored back."""
        first, second = (
            np.asarray(self._pixels(pair[f"split_{side}"], pair[f"index_{side}"]), np.int16).reshape(
                self._shape
            )
            for side in "ab"
        )
        second = second[:, :, ::-1] if pair["type"] == "mirrored" else second
        return self._element(np.abs(first - second).astype(np.uint8), alt)

    def _pixels(self, split: str, index: int) -> np.ndarray:
        return self._images[split][int(np.searchsorted(self._rows[split], index))]

    def mean(self, label: int, alt: str) -> Markup:
        """Return the mean image of a class."""
        return self._element(self._means[label], alt)

    def _element(self, pixels: np.ndarray, alt: str) -> Markup:
        values = np.asarray(pixels).reshape(self._shape).transpose(1, 2, 0)
        is_gray = values.shape[2] != 3
        image = Image.fromarray(values[:, :, 0] if is_gray else np.ascontiguousarray(values))
        image.thumbnail((MAX_PIXELS, MAX_PIXELS))
        written = io.BytesIO()
        image.save(written, "WEBP", quality=90)
        data = base64.b64encode(written.getvalue()).decode()
        return Markup(f'<img src="data:image/webp;base64,{data}" width="64" height="64" alt="{escape(alt)}">')


def render(
    files: dict[str, Path], images: dict[str, np.ndarray], means: np.ndarray, settings: dict[str, Any]
) -> str:
    """Return the page of an audit as HTML.

    files: of the audit, by their paths within the dataset's folder. images, means: see `Thumbnails`. settings:
    `language`.
    """
    dataset = read_json(files["data/dataset.json"])
    template = jinja_environment(Translator(settings["language"])).get_template("audit.html.j2")
    return template.render(
        audit=Audit.read(files, dataset),
        dataset=dataset,
        thumbnails=Thumbnails(images, means, dataset),
        max_shown=MAX_SHOWN,
        n_folds=N_FOLDS,
        min_excess=MIN_EXCESS,
        script=Markup(bundle_modules("csv", "collect")),
    )
