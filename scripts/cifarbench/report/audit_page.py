"""The page of an audit: copies side by side, doubtful labels, odd images, and the classes."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from PIL import Image

from cifarbench.audit.image_index import NEAR_MISS
from cifarbench.io.atomic import read_json
from cifarbench.io.csv_io import Row
from cifarbench.report.audit import Audit
from cifarbench.report.language import Language
from cifarbench.report.page import jinja_environment

# Of each list, on the page; the tables hold all. Pixels of the longest side that is shown.
MOST_PAIRS, MOST_IMAGES, MOST_PIXELS = 60, 60, 96


class AuditPage:
    """What the page shows, piece by piece."""

    def __init__(
        self,
        audit: Audit,
        images: dict[str, np.ndarray],
        means: np.ndarray,
        dataset_name: str,
    ):
        self.audit, self.say, self.dataset_name = audit, audit.say, dataset_name
        self.shape = tuple(audit.dataset["image_shape"])
        self._images, self._means = images, means
        excluded = audit.dataset.get("removed", {})
        # Indices are those of the archive; rows of the arrays, those of what is left.
        self._rows = {
            split: np.setdiff1d(np.arange(len(rows) + len(excluded.get(split, []))), excluded.get(split, []))
            for split, rows in images.items()
        }

    @property
    def sections(self) -> list[tuple[str, list[Row], int]]:
        """The lists of pairs that hold any: heading, the pairs that are shown, and how many there are."""
        say, audit = self.say, self.audit
        lists = [
            (say("Copies between training and test images"), audit.between(audit.copies, {"train", "test"})),
            (say("Copies within the training images"), audit.between(audit.copies, {"train"})),
            (say("Copies within the test images"), audit.between(audit.copies, {"test"})),
            (
                say("Similar pairs between training and test images"),
                audit.between([row for row in audit.pairs if row["type"] == NEAR_MISS], {"train", "test"}),
            ),
        ]
        return [(heading, rows[:MOST_PAIRS], len(rows)) for heading, rows in lists if rows]

    @property
    def labels(self) -> list[Row]:
        """The doubtful labels that are shown."""
        return self.audit.labels[:MOST_IMAGES]

    def odd(self, reason: str) -> list[Row]:
        """The images that are shown as odd for a reason."""
        return [row for row in self.audit.images if row["issue"] == reason][:MOST_IMAGES]

    @property
    def classes(self) -> list[dict[str, Any]]:
        """Of each class: its name, its numbers of images, its share of the training images, its mean image."""
        train, test = (self.audit.classes[split] for split in ("train", "test"))
        return [
            {
                "name": name,
                "train": train[label],
                "test": test[label],
                "share": train[label] / max(sum(train), 1),
                "mean": self._element(self._means[label], name),
            }
            for label, name in enumerate(self.audit.dataset["classes"])
        ]

    def picture(self, split: str, index: int) -> Markup:
        """One image, as an element of the page."""
        row = int(np.searchsorted(self._rows[split], index))
        # Its name stands beside it, and nobody wants to hear the same twice.
        alt = self.say("picture of {name}", name=self.name(split, index))
        return self._element(self._images[split][row], alt)

    def name(self, split: str, index: int) -> str:
        """What an image is called: its split and index."""
        say = self.say
        return say("training image {n}", n=index) if split == "train" else say("test image {n}", n=index)

    def _element(self, pixels: np.ndarray, alt: str) -> Markup:
        image = np.asarray(pixels).reshape(self.shape).transpose(1, 2, 0)
        grey = image.shape[2] != 3
        picture = Image.fromarray(image[:, :, 0] if grey else np.ascontiguousarray(image))
        picture.thumbnail((MOST_PIXELS, MOST_PIXELS))
        written = io.BytesIO()
        picture.save(written, "WEBP", quality=90)
        data = base64.b64encode(written.getvalue()).decode()
        return Markup(f'<img src="data:image/webp;base64,{data}" width="64" height="64" alt="{escape(alt)}">')


def render(
    files: dict[str, Path], images: dict[str, np.ndarray], means: np.ndarray, settings: dict[str, Any]
) -> str:
    """The page of an audit as HTML.

    files: of the audit, by their paths within the dataset's folder. images: split -> (N, D) uint8. means: of the
    classes, (n_classes, D) uint8. settings: `language`.
    """
    say = Language(settings["language"])
    dataset = read_json(files["data/dataset.json"])
    audit = Audit.read(files, dataset, say)
    page = AuditPage(audit, images, means, dataset["dataset"])
    return jinja_environment(say).get_template("audit.html.j2").render(page=page, audit=audit)
