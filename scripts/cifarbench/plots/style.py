"""Style of all plots, and writing them as SVG and PNG.

Plots have no background and take the color of the page's text, so that they suit a light and a dark page. Text stays
text. Equal content gives equal bytes.
"""

import io
import re
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from cifarbench.io.atomic import atomic_write, write_text
from cifarbench.plots import MISSING_GLYPHS

# Inches: width of a page.
WIDTH = 7.2
# Replaced by the text color of the page; must not be used as a color.
PLACEHOLDER_COLOR = "#010203"
FONT = "DejaVu Sans"
# Characters of a class name.
MAX_NAME_LENGTH = 28
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
# For a stand-alone SVG; inside a page, `:root` is the page and the rule has no effect.
STYLE = "svg:root{color:#1f1f1f}@media (prefers-color-scheme:dark){svg:root{color:#e4e4e4}}"

matplotlib.rcParams.update(
    {
        "font.family": FONT,
        "svg.fonttype": "none",
        "text.color": PLACEHOLDER_COLOR,
        "text.parse_math": False,
        "axes.edgecolor": PLACEHOLDER_COLOR,
        "axes.labelcolor": PLACEHOLDER_COLOR,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.titlelocation": "left",
        "axes.titlesize": "medium",
        "axes.titleweight": "bold",
        "axes.axisbelow": True,
        "figure.facecolor": "none",
        "grid.color": PLACEHOLDER_COLOR,
        "grid.alpha": 0.15,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "savefig.facecolor": "none",
        "xtick.color": PLACEHOLDER_COLOR,
        "ytick.color": PLACEHOLDER_COLOR,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
    }
)


def new_figure(height: float, font_size: float, width: float = WIDTH, **subplots: Any) -> tuple[Figure, Any]:
    """Return a figure of `width` by `height` inches and its axes; `subplots` are passed to `Figure.subplots`."""
    matplotlib.rcParams["font.size"] = font_size
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**subplots)


def placeholder_figure(sentence: str, style: dict[str, Any]) -> Figure:
    """Return a figure with a sentence instead of a plot."""
    figure, axes = new_figure(height=0.6, font_size=style["font_size"])
    axes.set_axis_off()
    axes.text(0, 0.5, sentence, va="center")
    return figure


def merge_text_style(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the style of each plot among a job's settings, with the style of `text` in each."""
    return {
        name: settings["text"] | section for name, section in settings.items() if isinstance(section, dict)
    }


def save_svg(figure: Figure, path: Path, description: str) -> None:
    """Write a figure as SVG, with `description` as its alternative text."""
    content = io.BytesIO()
    no_metadata = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    # Ids differ between figures, so that a page can hold several.
    with matplotlib.rc_context({"svg.hashsalt": description}):
        figure.savefig(content, format="svg", metadata=no_metadata)
    write_text(path, _prepare_for_page(content.getvalue().decode(), description))


def _prepare_for_page(svg: str, description: str) -> str:
    """Return Matplotlib's SVG with the colors and fonts of a page, and without styles and ids that could clash."""
    head, _, body = svg.partition("<svg ")[2].partition(">")
    body = re.sub(r"(?s)<style.*?</style>", "", body, count=1)
    body = body.replace(PLACEHOLDER_COLOR, "currentColor").replace("; font-family: 'DejaVu Sans'", "")
    # Groups have the same ids in every figure; nothing refers to them.
    body = re.sub(r' id="[\w.]+_\d+"', "", body)
    # A hundredth of a point is finer than any screen.
    body = re.sub(r' (d|x|y|transform)="[^"]*"', lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), body)
    root = f'role="img" aria-label="{escape(description)}" font-family="{FONTS}" stroke-linejoin="round"'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<svg {root} {head}>\n <style>{STYLE}</style>{body}'


def save_png(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as PNG with a transparent background.

    Characters that the font lacks are drawn with other installed fonts. Those that no font has are boxes; they are
    listed in the file's metadata, which the report reads.
    """
    missing = add_fallback_fonts(figure.findobj(Text))
    metadata = {"Software": None} | ({MISSING_GLYPHS: "".join(missing)} if missing else {})
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=dpi, metadata=metadata)


def add_fallback_fonts(texts: list[Text]) -> list[str]:
    """Add installed fonts for characters that the default font lacks; return those that no font has."""
    characters = {character for text in texts for character in text.get_text() if not character.isspace()}
    missing = _without_glyph(characters, font_manager.findfont(FONT))
    families = [FONT]
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda entry: (entry.name, entry.fname)):
        # Matplotlib's fallback font has a box for every character.
        if missing and not entry.name.startswith("Last Resort"):
            remaining = _without_glyph(missing, entry.fname)
            if remaining < missing:
                families.append(entry.name)
                missing = remaining
    if len(families) > 1:
        for text in texts:
            text.set_fontfamily(families)
    return sorted(missing)


def _without_glyph(characters: set[str], font_file: str) -> set[str]:
    font = font_manager.get_font(font_file)
    return {character for character in characters if not font.get_char_index(ord(character))}


def shorten(text: str, max_length: int) -> str:
    """Return a text of at most `max_length` characters, whose middle is replaced by an ellipsis."""
    if len(text) <= max_length:
        return text
    tail = (max_length - 1) // 2
    return f"{text[: max_length - 1 - tail]}…{text[len(text) - tail :]}"


def annotate_cell(axes: Axes, x: float, y: float, color: str, strength: float) -> str:
    """Fill the unit cell around (x, y) with an opacity `strength` (0 to 1); return the color for its text."""
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, alpha=strength, linewidth=0))
    on_white = [1 - strength * (1 - part) for part in to_rgb(color)]
    # On a dark page cells are darker, so white text is readable there, too.
    return PLACEHOLDER_COLOR if luminance(on_white) > 0.2 else "#ffffff"


def luminance(color: Any) -> float:
    """Return the relative luminance of a color, 0 (black) to 1 (white), as defined by WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_color(color: str) -> str:
    """Return black or white, whichever has more contrast to an opaque color."""
    return "#ffffff" if luminance(to_hex(color)) < 0.18 else "#000000"


def format_signed(value: float) -> str:
    """Return a number with one decimal and a sign (a minus, not a hyphen); 0.0 without a sign."""
    text = f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if float(f"{value:.1f}") == 0 else text


def setup_table_axes(axes: Axes, columns: list[str], rows: list[str]) -> None:
    """Set up axes as a table of unit cells, the first row on top, with names at the left and below."""
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    edges: dict[str, Any] = {"color": PLACEHOLDER_COLOR, "alpha": 0.15, "linewidth": 0.5}
    axes.hlines([y - 0.5 for y in range(len(rows) + 1)], -0.5, len(columns) - 0.5, **edges)
    axes.vlines([x - 0.5 for x in range(len(columns) + 1)], -0.5, len(rows) - 0.5, **edges)


def set_row_labels(axes: Axes, labels: list[str]) -> None:
    """Set up axes whose rows 0, 1, ... have labels, the first row on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
