"""What a planner typed into the form, as a request for a plan. Pure.

What is no number, or no cell, is left as it stands: the check of the request refuses it by its field.
"""

import re
from collections.abc import Mapping
from typing import Any

LISTS = ("weights", "scale", "close_aisles", "add_rack", "policy")
_RACK = re.compile(r"(\d{1,5}):(\d{1,6})(?:-(\d{1,6}))?")
MOST_CELLS = 5000
"""Cells of a rack that are written out: what the request takes at most."""


def request_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as a request; a field that was left empty leaves the choice to the solver."""
    given: dict[str, Any] = {name: text for name, text in typed.items() if text.strip() and name not in LISTS}
    parts = {name: [part.strip() for part in typed.get(name, "").split(",") if part.strip()] for name in LISTS}
    if parts["weights"]:
        given["weights"] = _named(parts["weights"])
    what_if = {
        "scale": _named(parts["scale"]),
        "close_aisles": parts["close_aisles"],
        "add_bins": [place for part in parts["add_rack"] for place in _rack(part)],
        "policy": next(iter(parts["policy"]), None),
    }
    asked = {name: value for name, value in what_if.items() if value}
    return {**given, "what_if": asked} if asked else given


def _named(parts: list[str]) -> dict[str, str]:
    """Read NAME=NUMBER, several of them."""
    return {name.strip(): number for name, _, number in (part.rpartition("=") for part in parts)}


def _rack(part: str) -> list[dict[str, Any]]:
    """Read AISLE:FIRST-LAST, a bin for one item in each cell."""
    match = _RACK.fullmatch(part)
    if match is None:
        return [{"id": part, "cell": part}]
    aisle, first, last = int(match[1]), int(match[2]), int(match[3] or match[2])
    cells = range(first, min(last, first + MOST_CELLS) + 1)
    return [{"id": f"new-{aisle}-{cell}", "aisle": aisle, "cell": cell, "items_at_most": 1} for cell in cells]
