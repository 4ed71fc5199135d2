"""The look of the pictures: colours that colour-blind people can tell apart, sizes in inches and points."""

from typing import Any

from matplotlib.typing import RcKeyType

WIDTH_IN = 12.5
"""1200 pixels at 96 to the inch."""
DPI = 96
LOAD_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#B8860B", "#3B3B98")
"""After Okabe and Ito, Color Universal Design (2008), darkened where they were too pale for lines on white."""
INK, QUIET, PALE, FLOOR = "#22272e", "#66707c", "#d5dae0", "#f6f7f9"
OTHERS_COLOUR = "#b4bac2"
BEAM, EYE = "#5b8def", "#c62828"
SMALL, NORMAL, LARGE = 8.0, 9.5, 15.0

SETTINGS: dict[RcKeyType, Any] = {
    "svg.hashsalt": "tagdock",
    "svg.fonttype": "path",
    "path.simplify": False,
    "font.family": "DejaVu Sans",
    "font.size": NORMAL,
    "text.color": INK,
    "axes.edgecolor": PALE,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.facecolor": "white",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "figure.facecolor": "white",
}
"""matplotlib's settings: its own font on every machine, letters as outlines, the same ids in every file."""


def colour(load: int) -> str:
    """Give a load's number its colour; 0 are all others."""
    return LOAD_COLOURS[(load - 1) % len(LOAD_COLOURS)] if load else OTHERS_COLOUR
