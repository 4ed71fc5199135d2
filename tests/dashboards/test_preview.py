"""What is drawn of a dashboard: numbers as Grafana writes them, the whole period, nothing beyond the page's edge."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import isnan
from typing import Any

import pytest
from matplotlib.axis import XTick
from matplotlib.text import Text
from tagdock_dashboards import build, model
from tagdock_dashboards.check import Checker, Terms
from tagdock_dashboards.database import connect
from tagdock_dashboards.preview import drawing, formats, sheet

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
A_PIXEL_OR_TWO = 2.0


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "shown"),
    [
        (21.8, "percentunit", None, "2,180 %"),
        (0.00104, "percentunit", None, "0.104 %"),
        (-0.143, "percentunit", 1, "-14.3 %"),
        (0.013, "s", None, "13 ms"),
        (11.29, "s", 0, "11 s"),
        (172_800, "s", None, "2 d"),
        (2957.4, "suffix: m/day", 0, "2,957 m/day"),
        (2957.4, "short", None, "2.96 K"),
        (-42.96, "dBm", None, "-42.96 dBm"),
        (0, "short", None, "0"),
        (0.0, "s", None, "0 s"),
        ("0123", "string", None, "0123"),
        (1, "bool_yes_no", None, "yes"),
    ],
)
def test_numbers_are_written_with_their_unit_and_without_an_exponent(
    value: Any, unit: str, decimals: int | None, shown: str
) -> None:
    assert formats.text(value, unit, decimals) == shown


def test_a_line_is_broken_where_points_are_missing() -> None:
    days = [(NOON + timedelta(days=day), 1.0) for day in (0, 1, 5, 6)]
    _, values = drawing.broken(days, 36 * 3_600_000)
    assert [isnan(value) for value in values] == [False, False, True, False, False]
    assert not any(isnan(value) for value in drawing.broken(days, None)[1])


def test_the_widest_columns_give_way_where_there_is_no_room() -> None:
    assert drawing.fitting([10, 60, 90], 100) == [10, 45, 45]
    assert drawing.fitting([10, 20], 100) == [10, 20]
    assert drawing.fitting([30, 30, 30], 25) == [10, 10], "the last one has to be scrolled to"


@pytest.fixture(params=[(name, width) for name in build.dashboards() for width in (390, 1920)], ids=str)
def page(request: pytest.FixtureRequest, filled_url: str) -> Any:
    """A dashboard, drawn as on a phone and as on a wall."""
    name, width_px = request.param
    board = build.dashboards()[name]
    with connect(filled_url, query_timeout_s=20) as database:
        checker = Checker(model.read(board), Terms(datetime.now(UTC)), database)
        asked = sheet.Asked(model.panels(board), checker.answers(), checker.period())
        figure = sheet.page(board, asked, width_px=width_px)
    figure.canvas.draw()
    return figure


def boxes(figure: Any) -> list[tuple[str, Any]]:
    """Return what is written on a page that can be seen, with the box that it takes."""
    ticks = [tick for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()]
    unseen = {id(label) for tick in ticks if not is_in_view(tick) for label in (tick.label1, tick.label2)}
    written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    written = [text for text in written if id(text) not in unseen]
    return [(text.get_text(), text.get_window_extent()) for text in written]


def is_in_view(tick: Any) -> bool:
    axis = tick.axes.xaxis if isinstance(tick, XTick) else tick.axes.yaxis
    low, high = sorted(axis.get_view_interval())
    return bool(low <= tick.get_loc() <= high)


def test_nothing_is_written_beyond_the_edge_of_the_page(page: Any) -> None:
    width, height = page.canvas.get_width_height()
    cut = [
        said
        for said, box in boxes(page)
        if box.x0 < -A_PIXEL_OR_TWO or box.x1 > width + A_PIXEL_OR_TWO or box.y0 < 0 or box.y1 > height
    ]
    assert cut == []


def test_no_legend_and_no_panel_lies_on_another(page: Any) -> None:
    frames = [axes.get_window_extent() for axes in page.axes]
    for one, other in combinations(frames, 2):
        is_twin = max(abs(one.extents - other.extents)) < A_PIXEL_OR_TWO  # two scales of one panel
        assert is_twin or not one.overlaps(other)
    legends = [legend.get_window_extent() for axes in page.axes if (legend := axes.get_legend())]
    assert not [legend for legend in legends for frame in frames if legend.overlaps(frame)]


def test_a_time_axis_spans_the_period_that_was_asked_for(filled_url: str) -> None:
    board = build.dashboards()["dock"]
    terms = Terms(datetime.now(UTC), since="now-30d")
    with connect(filled_url, query_timeout_s=20) as database:
        checker = Checker(model.read(board), terms, database)
        asked = sheet.Asked(model.panels(board), checker.answers(), checker.period())
        figure = sheet.page(board, asked, width_px=1920)
    spans = [axes.get_xlim() for axes in figure.axes if axes.get_legend()]
    assert spans and all(29.9 < until - since < 32 for since, until in spans)
