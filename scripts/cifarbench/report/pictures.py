"""The run's pictures, ready to stand in a page."""

import base64
from dataclasses import dataclass
from pathlib import PurePosixPath

from markupsafe import Markup, escape

from cifarbench.report import svg
from cifarbench.report.language import SOURCE_LANGUAGE, Language
from cifarbench.report.results import Run


@dataclass(frozen=True)
class Figure:
    """A picture of the run: an element of a page, and what one sees."""

    caption: str
    content: Markup


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
            data = base64.b64encode(file.read_bytes()).decode()
            content = f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
        return Figure(caption, Markup(content))


def captions(say: Language) -> dict[str, str]:
    """What one sees in a picture of each name, in the order in which one looks at them."""
    return {
        "accuracy": say("Accuracy of every model on the test images, with 95% intervals."),
        "paired_tests": say(
            "How much more accurate the model of the row is than that of the column, in percentage points."
        ),
        "cost": say("Accuracy against what it costs. No model beats the filled ones in both."),
        "always_wrong": say("Images that every model gets wrong, drawn at random."),
        "only_one_right": say("Images that one model alone gets right, drawn at random."),
        "confusion_matrix": say("How often each true class (row) is taken for each class (column)."),
        "confused_pairs": say(
            "The five most frequent confusions, with images of which the model is surest, if it says how sure it is."
        ),
        "training": say("Loss and accuracy in every epoch, on training and test images."),
        "grid_scores": say("Mean accuracy over the folds for the candidates of the grid."),
        "reliability": say("How often the model is right, by how sure it is, with 95% intervals."),
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
    }
    return {source: text for source, text in sources.items() if source != text}


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
