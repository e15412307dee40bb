"""The run's pictures, ready to stand in a page."""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from markupsafe import Markup, escape
from PIL import Image

from cifarbench.report import svg
from cifarbench.report.language import SOURCE_LANGUAGE, Language
from cifarbench.report.results import Run

# Bytes of a picture that is worth fewer colours, and how many it then has.
LARGE = 64_000
COLORS = 256
# One pixel down and across of so many tells which.
SAMPLED = 3


@dataclass(frozen=True)
class Figure:
    """A picture of the run: an element of a page, what one sees, and a checksum of its file."""

    caption: str
    content: Markup
    source: str


class Pictures:
    """The pictures of a run, by the folder and the name that they were drawn under."""

    def __init__(self, run: Run, say: Language):
        self._files = run.files
        self._say = say
        self._captions = captions(say)
        self._words = words(say)

    def paths(self, folder: str) -> list[str]:
        """The pictures right under a folder, in the order in which one looks at them."""
        found = {PurePosixPath(path).stem: path for path in self._files if _parent(path) == folder}
        return [found[name] for name in self._captions if name in found]

    def caption(self, path: str) -> str:
        """What one sees in a picture."""
        return self._captions[PurePosixPath(path).stem]

    def find(self, folder: str, name: str) -> Figure | None:
        """A picture as an element of a page, if it was drawn."""
        path = next((path for path in self.paths(folder) if PurePosixPath(path).stem == name), None)
        if path is None:
            return None
        caption, file = self._captions[name], self._files[path]
        of = folder.removeprefix("figures").strip("/")
        alt = f"{of}: {caption}" if of else caption
        if file.suffix == ".svg":
            # What a drawing says of itself is more than its caption, but in one language only.
            label = None if self._say.code == SOURCE_LANGUAGE else alt
            prefix = f"{of}-{name}-" if of else f"{name}-"
            content = svg.inline(file.read_text(encoding="utf-8"), prefix, label, self._words)
        else:
            content = _element(file, alt)
        return Figure(caption, Markup(content), hashlib.sha256(file.read_bytes()).hexdigest())


def _element(file: Path, alt: str) -> str:
    """A picture made of pixels; a large one in fewer colours than its file has."""
    content, kind = file.read_bytes(), "png"
    with Image.open(file) as picture:
        width, height = picture.size
        if len(content) > LARGE:
            content, kind = _in_few_colors(picture.convert("RGBA")), "webp"
    data = base64.b64encode(content).decode()
    return (
        f'<img src="data:image/{kind};base64,{data}" width="{width}" height="{height}" alt="{escape(alt)}">'
    )


def _in_few_colors(picture: Image.Image) -> bytes:
    """WebP of the 256 colours that suit it best: a quarter of the bytes of its PNG, with edges as sharp."""
    opaque = picture.convert("RGB")
    # Each pixel of an image fills several of the picture's: fewer tell of the same colours, sooner.
    sample = opaque.resize([side // SAMPLED or 1 for side in opaque.size], Image.Resampling.NEAREST)
    colors = sample.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    shown = opaque.quantize(palette=colors, dither=Image.Dither.NONE).convert("RGB")
    shown.putalpha(picture.getchannel("A"))
    written = io.BytesIO()
    shown.save(written, "WEBP", lossless=True, method=1)
    return written.getvalue()


def captions(say: Language) -> dict[str, str]:
    """What one sees in a picture of each name, in the order in which one looks at them."""
    return {
        "accuracy": say("Accuracy of every model on the test images, with 95% intervals."),
        "paired_tests": say(
            "How much more accurate the model of the row is than that of the column, in percentage points."
        ),
        "cost": say("Accuracy against what it costs. No model beats the filled ones in both."),
        "fit_time": say(
            "Accuracy against fitting time, a search included. No model beats the filled ones in both; squares have "
            "seen other images."
        ),
        "always_wrong": say("Images that every model gets wrong, drawn at random."),
        "only_one_right": say("Images that one model alone gets right, drawn at random."),
        "rivals": say(
            "Of the best models of each kind: images that the best of all alone gets right, and those that others do "
            "and it does not; drawn at random."
        ),
        "robustness": say(
            "Mean accuracy over all corruptions at each severity; 0 are the images as they are."
        ),
        "confusion_matrix": say("How often each true class (row) is taken for each class (column)."),
        "confused_pairs": say(
            "The five most frequent confusions, with images of which the model is surest, if it says how sure it is."
        ),
        "training": say("Loss and accuracy in every epoch, on training and test images."),
        "grid_scores": say("Mean accuracy over the folds for the candidates of the grid."),
        "reliability": say("How often the model is right, by how sure it is, with 95% intervals."),
        "filters": say(
            "Weights on the pixels of an image or a part of it, each with its own contrast: grey is none."
        ),
        "predictions": say("Test images drawn at random, with predicted and true class."),
    }


def words(say: Language) -> dict[str, str]:
    """The words that stand in the drawings themselves; `{n}` stands for whatever is there."""
    sources = {
        "accuracy": say("accuracy"),
        "loss": say("loss"),
        "epoch": say("epoch"),
        "training": say("training"),
        "test": say("test"),
        "images": say("images"),
        "true class": say("true class"),
        "predicted class": say("predicted class"),
        "test accuracy": say("test accuracy"),
        "fit, seconds": say("fit, seconds"),
        "below: have seen other images": say("below: have seen other images"),
        "test accuracy, with its 95% interval": say("test accuracy, with its 95% interval"),
        "test accuracy, with its 95% interval; diamonds: mean and standard deviation over seeds": say(
            "test accuracy, with its 95% interval; diamonds: mean and standard deviation over seeds"
        ),
        "confidence: probability of the predicted class": say(
            "confidence: probability of the predicted class"
        ),
        "expected calibration error {n}": say("expected calibration error {n}", n="{n}"),
        "lowest test loss: epoch {n}": say("lowest test loss: epoch {n}", n="{n}"),
        "test levels off: epoch {n}": say("test levels off: epoch {n}", n="{n}"),
        "mean accuracy over the folds, with its standard deviation": say(
            "mean accuracy over the folds, with its standard deviation"
        ),
        "the best {n} candidates": say("the best {n} candidates", n="{n}"),
        "neighbours": say("neighbours"),
        "principal components": say("principal components"),
        "prediction, ms per image": say("prediction, ms per image"),
        "peak memory, MB": say("peak memory, MB"),
        "stored, MB": say("stored, MB"),
        "severity of the corruption": say("severity of the corruption"),
        "mean accuracy": say("mean accuracy"),
    }
    return {source: text for source, text in sources.items() if source != text}


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
