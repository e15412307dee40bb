"""What all figures share: how they look, and how they are written.

Figures have no background and take the colour of the text around them, so that they suit a light page and a
dark one. Text stays text. Equal content gives equal bytes.
"""

import io
import re
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from cifarbench.io.atomic import atomic_write, write_text

# Inches: a page's width.
WIDTH = 7.2
# Stands for the colour of the text on the page; no figure uses this colour for anything else.
PLACEHOLDER_COLOR = "#010203"
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
# For an image of its own; inside a page, `:root` is the page and the rule has no effect.
STYLE = "svg:root{color:#1f1f1f}@media (prefers-color-scheme:dark){svg:root{color:#e4e4e4}}"

matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
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
    """A figure of `width` by `height` inches and its axes; `subplots` goes to `Figure.subplots`."""
    matplotlib.rcParams["font.size"] = font_size
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**subplots)


def placeholder_figure(sentence: str, style: dict[str, Any]) -> Figure:
    """A figure that has nothing to show, and says so."""
    figure, axes = new_figure(height=0.6, font_size=style["font_size"])
    axes.set_axis_off()
    axes.text(0, 0.5, sentence, va="center")
    return figure


def save_svg(figure: Figure, path: Path, description: str) -> None:
    """Write a figure as SVG, with `description` as its alternative text."""
    content = io.BytesIO()
    nothing = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    # Names inside differ from figure to figure, so that a page can hold several.
    with matplotlib.rc_context({"svg.hashsalt": description}):
        figure.savefig(content, format="svg", metadata=nothing)
    write_text(path, _for_pages(content.getvalue().decode(), description))


def _for_pages(svg: str, description: str) -> str:
    """Matplotlib's SVG, made fit for a page: its colours and fonts, and no styles or ids that clash."""
    head, body = re.match(r"(?s).*?<svg ([^>]*)>(.*)", svg).groups()
    body = re.sub(r"(?s)<style.*?</style>", "", body, count=1)
    body = body.replace(PLACEHOLDER_COLOR, "currentColor").replace("; font-family: 'DejaVu Sans'", "")
    # Groups are numbered in every figure alike; nothing refers to them.
    body = re.sub(r' id="[\w.]+_\d+"', "", body)
    # A hundredth of a point is finer than any screen.
    body = re.sub(r' (d|x|y|transform)="[^"]*"', lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), body)
    root = f'role="img" aria-label="{escape(description)}" font-family="{FONTS}" stroke-linejoin="round"'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<svg {root} {head}>\n <style>{STYLE}</style>{body}'


def save_png(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as PNG with a transparent background."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})


def annotate_cell(axes: Axes, x: float, y: float, color: str, strength: float, **patch: Any) -> str:
    """Fill the unit cell around (x, y), more opaque with strength (0 to 1). Returns a colour for its text."""
    axes.fill(
        [x - 0.5, x + 0.5, x + 0.5, x - 0.5],
        [y - 0.5, y - 0.5, y + 0.5, y + 0.5],
        **{"facecolor": color, "alpha": strength, "linewidth": 0, **patch},
    )
    on_white = [1 - strength * (1 - part) for part in to_rgb(color)]
    # On a dark page every cell is darker still: white is never worse than the page's own light text.
    return PLACEHOLDER_COLOR if luminance(on_white) > 0.2 else "#ffffff"


def luminance(color: Any) -> float:
    """Relative luminance of a colour, 0 (black) to 1 (white), as WCAG 2 defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_color(color: str) -> str:
    """Black or white, whichever stands out more on an opaque `color`."""
    return "#ffffff" if luminance(to_hex(color)) < 0.18 else "#000000"


def format_signed(value: float) -> str:
    """One decimal, with a sign unless that leaves nothing; the minus is a real one."""
    text = f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if float(f"{value:.1f}") == 0 else text


def setup_grid_axes(axes: Axes, columns: list[str], rows: list[str]) -> None:
    """Turn the axes into a table of unit cells, the first row on top, with names at the left and below."""
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    edges = {"color": PLACEHOLDER_COLOR, "alpha": 0.15, "linewidth": 0.5}
    axes.hlines([y - 0.5 for y in range(len(rows) + 1)], -0.5, len(columns) - 0.5, **edges)
    axes.vlines([x - 0.5 for x in range(len(columns) + 1)], -0.5, len(rows) - 0.5, **edges)
