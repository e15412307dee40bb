"""The run's pictures, ready to stand in a page."""

import base64
from dataclasses import dataclass
from pathlib import PurePosixPath

from markupsafe import Markup, escape

from cifarbench import svg
from cifarbench.language import Language
from cifarbench.results import Run


@dataclass(frozen=True)
class Figure:
    """A picture of the run: where it lies below the run's folder, and what one sees."""

    path: str
    caption: str
    content: Markup


class Pictures:
    """The pictures of a run, by the folder and the name that they were drawn under."""

    def __init__(self, run: Run, say: Language):
        self._files = run.files
        self._captions = captions(say)

    def paths(self, folder: str) -> list[str]:
        """The pictures right under a folder, in the order in which one looks at them."""
        found = {PurePosixPath(path).stem: path for path in self._files if _parent(path) == folder}
        return [found[name] for name in self._captions if name in found]

    def figure(self, path: str) -> Figure:
        """A picture as an element of a page, and its caption."""
        file = self._files[path]
        caption = self._captions[file.stem]
        of = _parent(path).removeprefix("figures").strip("/")
        alt = f"{of}: {caption}" if of else caption
        if file.suffix == ".svg":
            content = svg.inline(file.read_text(), path.removesuffix(".svg").replace("/", "-") + "-", alt)
        else:
            data = base64.b64encode(file.read_bytes()).decode()
            content = f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
        return Figure(path, caption, Markup(content))

    def inside(self, folder: str) -> list[Figure]:
        """The pictures right under a folder, ready for a page."""
        return [self.figure(path) for path in self.paths(folder)]

    def caption(self, path: str) -> str:
        """What one sees in a picture."""
        return self._captions[PurePosixPath(path).stem]


def captions(say: Language) -> dict[str, str]:
    """What one sees in a picture of each name, in the order in which one looks at them."""
    return {
        "accuracy": say("Accuracy of every model on the test images, with 95% intervals."),
        "confusion_matrix": say("How often each true class (rows) is taken for each class (columns)."),
        "training": say("Loss and accuracy in every epoch, on training and test images."),
        "grid": say("Mean accuracy over the folds for every pair of the grid."),
        "predictions": say(
            "Test images drawn at random, with predicted and true class; wrong ones are marked."
        ),
    }


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
