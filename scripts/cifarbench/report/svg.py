"""Embed SVG drawings in a page, without colliding ids or leaking styles."""

import re
import xml.etree.ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)

REFERENCE = re.compile(r"url\(#([^)]+)\)")
REMOVED = {f"{{{SVG}}}{name}" for name in ("metadata", "style", "title", "desc")}
POINTS_TO_PIXELS = 96 / 72


def inline(drawing: str, prefix: str, label: str | None, words: dict[str, str]) -> str:
    """Return an SVG document as an element for an HTML page, at most as wide as the document.

    prefix: of every id, so that ids of several drawings differ. label: replaces the description of the drawing for
    screen readers. words: text in the drawing -> its translation, in which `{n}` stands for any text.
    """
    root = ET.fromstring(drawing)
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
