"""Links from the report to views of the explorer."""

import re
from urllib.parse import urlencode

import numpy as np

# Two rectangles from their lower left corner: the figure, then its axes.
RECTANGLE = re.compile(r'd="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) \2\s+L \3 ([\d.]+)\s')
# Of an element that `inline_svg` returns.
FRAME = re.compile(r'<svg [^>]*viewBox="(?P<view>[^"]+)"[^>]* style="max-width: (?P<width>\w+)"')


def explorer_link(**filters: object) -> str:
    """Return the address of a view. filters: keys of the explorer's fragment; lists are names of models."""
    values = {name: ",".join(value) if isinstance(value, list) else value for name, value in filters.items()}
    return f"explorer.html#{urlencode(values, safe=',')}"


def link_cells(svg: str, model: str, matrix: np.ndarray, shown: np.ndarray) -> str:
    """Return a confusion matrix under links from its cells to their images, except for cells without images.

    svg: the plot as an element. matrix: (n_classes, n_classes) int, rows are true classes. shown: the classes of the
    plot. The cells are for the mouse only; for the keyboard and screen readers, the explorer has the same matrix.
    """
    rectangles = RECTANGLE.findall(svg.replace("&#10;", "\n"))
    frame = FRAME.search(svg)
    if len(rectangles) < 2 or not frame:
        return svg
    left, bottom, right, top = map(float, rectangles[1])
    width, height = (right - left) / len(shown), (bottom - top) / len(shown)
    cells = []
    for row, column in np.argwhere(matrix[np.ix_(shown, shown)]):
        link = explorer_link(model=model, true=shown[row], predicted=shown[column]).replace("&", "&amp;")
        x, y = left + column * width, top + row * height
        cells.append(
            f'<a href="{link}" tabindex="-1"><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            'fill="transparent"/></a>'
        )
    overlay = f'<svg class="cells" viewBox="{frame["view"]}" aria-hidden="true">{"".join(cells)}</svg>'
    return f'<div class="linked" style="max-width: {frame["width"]}">{svg}{overlay}</div>'
