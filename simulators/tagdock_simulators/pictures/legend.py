"""The words beside the drawings: what each symbol means, and what each load is."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tagdock_simulators.pictures.style import BEAM, DPI, EYE, INK, OTHERS_COLOUR, SMALL, colour
from tagdock_simulators.pictures.view import READS_A_CURVE, Load, View

LOAD_IN, READS_LEGEND_IN = 0.34, 2.25
"""How much of the page each load of the table takes, and the legend under it."""
DOES = {
    "in": "comes in",
    "out": "goes out",
    "pass": "passes by outside",
    "turn": "turns round",
    "park": "stands beside the lane",
}


def floor_legend(axes: Axes) -> None:
    """Explain the floor plan's symbols."""
    antenna = Line2D([], [], marker="s", ms=8, mfc="white", mec=BEAM, mew=1.6, ls="")
    half = Patch(fc=BEAM, alpha=0.25, lw=0)
    edge = Line2D([], [], color=BEAM, lw=0.8, ls=":")
    eye = Line2D([], [], color=EYE, lw=1.0, ls=(0, (4, 2)), marker="|", ms=7)
    way = Line2D([], [], color=colour(1), lw=2.0)
    box = Patch(fc=colour(1), ec=colour(1), alpha=0.35)
    _legend(
        axes,
        [antenna, half, edge, eye, way, box],
        [
            "antenna, and its reader's port",
            "its beam: half power\nor more, 1 m over the floor",
            "so far a tag can wake there,\nunshadowed",
            "light beam of a photo-eye",
            "way of a load (those of one\ndoor drawn side by side)",
            "a load that stands here",
        ],
        1.0,
    )


def reads_legend(axes: Axes) -> None:
    """Explain the curves and the marks of the truth."""
    outside = Line2D([], [], color=INK, marker="o", ms=3, mew=0, lw=1.4, ls=(0, (3, 1.5)))
    inside = Line2D([], [], color=INK, marker="|", ms=5, mew=1.3, lw=1.4)
    others = Line2D([], [], color=OTHERS_COLOUR, marker="o", ms=3, mew=0, lw=0)
    eye = Line2D([], [], color=EYE, lw=3.2)
    passed = Line2D([], [], color=INK, marker="o", ms=8, lw=0)
    stayed = Line2D([], [], color=INK, marker="o", ms=8, mfc="white", mew=1.2, lw=0)
    _legend(
        axes,
        [outside, inside, others, eye, passed, stayed],
        [
            f"outside row: mean, and reads\n(at most {READS_A_CURVE} a curve)",
            "inside row: mean, and reads",
            "reads of other loads",
            "beam broken: outside below,\ninside above",
            "truth: the first tag drawn\npasses the door line",
            "truth: the load passes nowhere",
        ],
        0.0,
    )


def loads_table(axes: Axes, view: View) -> None:
    """List the loads in their colours, from the top of the axes down."""
    height_in = axes.get_window_extent().height / DPI
    for place, load in enumerate(view.loads):
        y = 1.0 - (0.08 + LOAD_IN * place) / height_in
        axes.text(
            0.02, y, f"{load.number}", transform=axes.transAxes, color=colour(load.number), weight="bold", va="top"
        )
        axes.text(0.09, y, _words(load), transform=axes.transAxes, va="top", fontsize=SMALL, linespacing=1.25)


def _words(load: Load) -> str:
    crossing = load.crossing
    tags = len(crossing.epcs)
    drawn = f"{len(load.tags)} of {tags} tags drawn" if tags > len(load.tags) else f"{tags} tag{'s' * (tags > 1)}"
    return f"{crossing.door}: {DOES[crossing.direction]}\n{crossing.speed_m_per_s:.1f} m/s, {drawn}"


def blank(axes: Axes) -> None:
    """Take away all that axes draw of themselves."""
    axes.set_axis_off()


def _legend(axes: Axes, handles: list[Line2D | Patch], words: list[str], top: float) -> None:
    axes.legend(
        handles,
        words,
        loc="upper left" if top else "lower left",
        bbox_to_anchor=(-0.02, top),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        labelspacing=0.9,
        handlelength=2.4,
    )
