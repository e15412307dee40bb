"""The figures of a run, ready for a page."""

import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup, escape
from PIL import Image

from cifarbench.io.atomic import sha256_file
from cifarbench.plots import MISSING_GLYPHS
from cifarbench.report.templating import jinja_environment
from cifarbench.report.translation import SOURCE_LANGUAGE, Translator, mark

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)

REFERENCE = re.compile(r"url\(#([^)]+)\)")
REMOVED = {f"{{{SVG}}}{name}" for name in ("metadata", "style", "title", "desc")}
POINTS_TO_PIXELS = 96 / 72

# An image of more bytes is stored with fewer colours.
MAX_PNG_BYTES = 64_000
COLORS = 256
# The palette is computed from every n-th pixel across and down.
SAMPLE_STEP = 3
# Labels in the SVG files; `{n}` is a placeholder.
SVG_LABELS = [
    mark("accuracy"),
    mark("loss"),
    mark("epoch"),
    mark("training"),
    mark("test"),
    mark("images"),
    mark("true class"),
    mark("predicted class"),
    mark("test accuracy"),
    mark("fit time, seconds"),
    mark("below: pretrained features"),
    mark("test accuracy with 95% CI"),
    mark("test accuracy with 95% CI; diamonds: mean and standard deviation over seeds"),
    mark("confidence: probability of the predicted class"),
    mark("expected calibration error {n}"),
    mark("lowest test loss: epoch {n}"),
    mark("test levels off: epoch {n}"),
    mark("mean accuracy over the folds, with standard deviation"),
    mark("mean {n} over the folds, with standard deviation"),
    mark("the best {n} candidates"),
    mark("prediction, ms per image"),
    mark("peak memory, MB"),
    mark("model size, MB"),
    mark("severity of the corruption"),
    mark("false positive rate"),
    mark("true positive rate"),
    mark("recall"),
    mark("precision"),
    mark("mean ROC AUC {n}"),
    mark("mean average precision {n}"),
    mark("mean {n}"),
    mark("mean accuracy"),
]


@dataclass(frozen=True)
class ReportFigure:
    """A figure: an element of a page, its caption, and a checksum of its file."""

    caption: str
    content: Markup
    checksum: str


class FigureStore:
    """The figures of a run, by folder and name."""

    def __init__(self, files: dict[str, Path], say: Translator):
        self._files = files
        self._say = say
        captions: Any = jinja_environment(say).get_template("captions.j2").module
        self.captions: dict[str, str] = captions.captions

    def paths(self, folder: str) -> list[str]:
        """Return the figures in a folder, in the order of the captions."""
        in_folder = (path for path in self._files if PurePosixPath(path).parent.as_posix() == folder)
        paths = {PurePosixPath(path).stem: path for path in in_folder}
        return [paths[name] for name in self.captions if name in paths]

    def find(self, folder: str, name: str) -> ReportFigure | None:
        """Return a figure, if it exists."""
        path = next((path for path in self.paths(folder) if PurePosixPath(path).stem == name), None)
        if path is None:
            return None
        caption, file = self.captions[name], self._files[path]
        model = folder.removeprefix("figures").strip("/")
        alt = f"{model}: {caption}" if model else caption
        if file.suffix == ".svg":
            prefix = f"{model}-{name}-" if model else f"{name}-"
            return svg_figure(file, prefix, caption, alt, SVG_LABELS, self._say)
        with Image.open(file) as image:
            missing = image.info.get(MISSING_GLYPHS)
        if missing:
            say = self._say
            note = say("Boxes are characters that no installed font has: {characters}", characters=missing)
            caption = f"{caption} {note}"
        return ReportFigure(caption, Markup(_image_element(file, alt)), sha256_file(file))


def svg_figure(
    file: Path, id_prefix: str, caption: str, alt: str, labels: list[str], say: Translator
) -> ReportFigure:
    """Return an SVG file as a figure of a page, with those of its texts translated that `labels` lists."""
    # The file's own description is longer than the caption, but in English only.
    label = None if say.code == SOURCE_LANGUAGE else alt
    words = {text: say.term(text) for text in labels}
    content = inline_svg(file.read_text(encoding="utf-8"), id_prefix, label, words)
    return ReportFigure(caption, Markup(content), sha256_file(file))


def _image_element(file: Path, alt: str) -> str:
    """Return an image as an element; a large one in fewer colours than its file has."""
    content, kind = file.read_bytes(), "png"
    with Image.open(file) as image:
        width, height = image.size
        if len(content) > MAX_PNG_BYTES:
            content, kind = _reduce_colors(image.convert("RGBA")), "webp"
    data = base64.b64encode(content).decode()
    return (
        f'<img src="data:image/{kind};base64,{data}" width="{width}" height="{height}" alt="{escape(alt)}">'
    )


def _reduce_colors(image: Image.Image) -> bytes:
    """Return WebP of the 256 most suitable colours: a quarter of the bytes of its PNG, with edges as sharp."""
    opaque = image.convert("RGB")
    sample = opaque.resize([side // SAMPLE_STEP or 1 for side in opaque.size], Image.Resampling.NEAREST)
    colors = sample.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced = opaque.quantize(palette=colors, dither=Image.Dither.NONE).convert("RGB")
    reduced.putalpha(image.getchannel("A"))
    written = io.BytesIO()
    reduced.save(written, "WEBP", lossless=True, method=1)
    return written.getvalue()


def inline_svg(svg: str, prefix: str, label: str | None, words: dict[str, str]) -> str:
    """Return an SVG document as an element for an HTML page, at most as wide as the document.

    prefix: of every id, so that ids of several figures differ. label: replaces the description of the figure for
    screen readers. words: text in the figure -> its translation, in which `{n}` matches any text.
    """
    root = ET.fromstring(svg)
    width = float(root.get("viewBox", "0 0 0 0").split()[2])
    root.set("style", f"max-width: {width * POINTS_TO_PIXELS:.0f}px")
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    if label:
        root.set("aria-label", label)
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in REMOVED]:
            parent.remove(child)
    for element in root.iter():
        _prefix_ids(element, prefix)
        if element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan") and element.text:
            element.text = _translate(element.text, words)
    return ET.tostring(root, encoding="unicode")


def _translate(text: str, words: dict[str, str]) -> str:
    for source, target in words.items():
        if match := re.fullmatch(re.escape(source).replace(r"\{n\}", "(?P<n>.+)"), text):
            return target.format(**match.groupdict())
    return text


def _prefix_ids(element: ET.Element, prefix: str) -> None:
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, prefix + value)
        elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            element.set(name, f"#{prefix}{value[1:]}")
        elif "url(#" in value:
            element.set(name, REFERENCE.sub(rf"url(#{prefix}\1)", value))
