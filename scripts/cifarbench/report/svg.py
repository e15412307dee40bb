"""Put an SVG drawing into a page: no ids that collide, no styles that leak, as wide as the page allows."""

import re
import xml.etree.ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)

REFERENCE = re.compile(r"url\(#([^)]+)\)")
LEFT_OUT = {f"{{{SVG}}}{name}" for name in ("metadata", "style", "title", "desc")}
POINTS_TO_PIXELS = 96 / 72


def inline(drawing: str, prefix: str, label: str | None, words: dict[str, str]) -> str:
    """An SVG document as an element for an HTML page.

    prefix: put before every id of the drawing, so that several of them stand on one page. label: what the
    picture shows, for those who can't see it, in place of what the drawing says itself. words: what texts of
    the drawing become, where `{n}` stands for whatever is there. It takes the width that it has at most.
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
        for child in [child for child in parent if child.tag in LEFT_OUT]:
            parent.remove(child)
    for element in root.iter():
        _keep_apart(element, prefix)
        if element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan") and element.text:
            element.text = _worded(element.text, words)
    return ET.tostring(root, encoding="unicode")


def _worded(text: str, words: dict[str, str]) -> str:
    for source, target in words.items():
        if found := re.fullmatch(re.escape(source).replace(r"\{n\}", "(?P<n>.+)"), text):
            return target.format(**found.groupdict())
    return text


def _keep_apart(element: ET.Element, prefix: str) -> None:
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, prefix + value)
        elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            element.set(name, f"#{prefix}{value[1:]}")
        elif "url(#" in value:
            element.set(name, REFERENCE.sub(rf"url(#{prefix}\1)", value))
