"""The sheet that is drawn on: SVG 1.1 through the standard library's XML writer, in one style."""

from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from tagdock_slotting.pictures.colours import shades, styles

WIDTH = 390.0
"""Units across: a telephone's, so that text of 12 units can be read there; wider screens only enlarge it."""

MARGIN = 12.0
TEXT, SMALL = 12.0, 10.5

_STYLE = f"""
text {{ font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1c2126 }}
.soft {{ fill: #5d6670 }} .title {{ font-weight: 600 }} .sheet {{ fill: #ffffff }}
.line {{ stroke: #5d6670; fill: none }} .grid {{ stroke: #d9d6cf; fill: none }}
.door {{ fill: #1c2126 }} .empty {{ fill: #ecebe7 }}
{styles(shades())}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e9e6e0 }} .soft {{ fill: #a3abb4 }} .sheet {{ fill: #1a1e22 }}
.line {{ stroke: #a3abb4 }} .grid {{ stroke: #353b42 }} .door {{ fill: #e9e6e0 }} .empty {{ fill: #2b3036 }}
{styles(shades()[::-1])}
}}
"""

Anchor = Literal["start", "middle", "end"]


class Sheet:
    """One picture that grows downwards; `down` is where the next part begins."""

    def __init__(self, title: str) -> None:
        self._root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
        SubElement(self._root, "title").text = title
        SubElement(self._root, "style").text = _STYLE
        self._page = SubElement(self._root, "rect", {"class": "sheet", "width": _number(WIDTH)})
        self.down = MARGIN

    def say(self, text: str, *, kind: str = "", size: float = TEXT) -> None:
        """Write one line of text across the sheet."""
        self.down += size
        self.text(MARGIN, self.down, text, kind=kind, size=size)
        self.down += 0.45 * size

    def text(
        self, x: float, y: float, text: str, *, kind: str = "", size: float = SMALL, anchor: Anchor = "start"
    ) -> None:
        """Write at a point of the base line."""
        values = {"x": _number(x), "y": _number(y), "font-size": _number(size)}
        if kind:
            values["class"] = kind
        if anchor != "start":
            values["text-anchor"] = anchor
        SubElement(self._root, "text", values).text = text

    def shape(self, name: str, title: str = "", /, **values: float | str) -> None:
        """Add a shape; `class_` stands for what Python has no name for; a title is shown on hovering."""
        named = {key.rstrip("_").replace("_", "-"): _value(value) for key, value in values.items()}
        shape = SubElement(self._root, name, named)
        if title:
            SubElement(shape, "title").text = title

    def svg(self) -> str:
        """Return the whole picture."""
        height = _number(self.down + MARGIN)
        self._page.set("height", height)
        self._root.set("viewBox", f"0 0 {_number(WIDTH)} {height}")
        return tostring(self._root, encoding="unicode") + "\n"


def number(value: float) -> str:
    """Write a number for people: three digits, thousands apart, no exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
