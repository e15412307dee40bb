"""Put an SVG drawing into a page: no names that collide, no styles that leak, colours that follow the page's."""

import re
import xml.etree.ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)

REFERENCE = re.compile(r"url\(#([^)]+)\)")
# What a drawing leaves black is ink, what it leaves white is paper: both are the page's to choose.
INK = re.compile(r"(?<=[:\s])(?:#000000|#000|black)(?![0-9a-fA-F\w])")


def inline(drawing: str, prefix: str, title: str) -> str:
    """An SVG document as an element for an HTML page.

    prefix: put before every id of the drawing, so that several of them stand on one page. title: what the picture
    shows, for those who can't see it. The drawing scales to the width that the page gives it, up to its own.
    """
    root = ET.fromstring(drawing)
    width = root.get("width", "")
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    if width.endswith("pt"):
        root.set("style", f"max-width: {float(width[:-2]) * 96 / 72:.0f}px")
    elif width.removesuffix("px").replace(".", "", 1).isdigit():
        root.set("style", f"max-width: {float(width.removesuffix('px')):.0f}px")
    root.set("role", "img")
    root.set("aria-label", title)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style", f"{{{SVG}}}title"):
                parent.remove(child)
    for element in root.iter():
        _rename(element, prefix)
    return ET.tostring(root, encoding="unicode")


def _rename(element: ET.Element, prefix: str) -> None:
    for name, value in element.attrib.items():
        if name == "id":
            value = prefix + value
        elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
            value = f"#{prefix}{value[1:]}"
        elif "url(#" in value:
            value = REFERENCE.sub(rf"url(#{prefix}\1)", value)
        if name in ("style", "fill", "stroke"):
            value = INK.sub("currentColor", value if name == "style" else f" {value}").strip()
        element.set(name, value)
