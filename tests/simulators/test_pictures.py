"""A scenario's picture shows what happened: doors, loads, reads and truth, in words that do not lie on each other."""

import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from tagdock_simulators.commands import main
from tagdock_simulators.doors import crossing_truth
from tagdock_simulators.pictures.figure import Kind, draw, save
from tagdock_simulators.pictures.view import View, look
from tagdock_simulators.pictures.window import DOORS_AT_MOST, LOADS_AT_MOST
from tagdock_simulators.scenarios import EPOCH, SCENARIOS

ALL = pytest.mark.parametrize("name", SCENARIOS)
PNG_WIDTH = slice(16, 20)  # in the header chunk (PNG specification, section 11.2.2)


@cache
def view_of(name: str) -> View:
    """Look at a scenario's first six loads: enough for a picture, and soon drawn."""
    scenario = SCENARIOS[name]
    return look(replace(scenario, loads=min(scenario.loads, 6), doors=min(scenario.doors, 4)), 1)


@cache
def page_of(name: str) -> Figure:
    return draw(view_of(name))


def words(figure: Figure) -> Iterator[Text]:
    for each in figure.findobj(Text):
        assert isinstance(each, Text)
        if each.get_visible() and each.get_text().strip() and each.get_window_extent().width > 0:
            yield each


@ALL
def test_a_picture_shows_doors_loads_reads_and_truth_and_no_word_lies_on_another(name: str) -> None:
    view = view_of(name)
    figure = page_of(name)
    figure.draw_without_rendering()
    shown = list(words(figure))
    told = {each.get_text() for each in shown}
    assert {name, SCENARIOS[name].hard_about, "RSSI (dBm)", "through the door (m)"} <= told
    assert {f"{door.door}\n{door.y_m:g} m" for door in view.doors} <= told
    for load in view.loads:
        bold = [each for each in shown if each.get_text() == str(load.number) and each.get_weight() == "bold"]
        assert len(bold) == 3  # at its way, at its truth, in the table
    page = figure.bbox
    boxes = [(each.get_text(), each.get_window_extent().padded(-1.0)) for each in shown]
    for text, box in boxes:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    assert [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if a.overlaps(b)] == []


@ALL
def test_a_view_holds_a_few_loads_at_doors_that_stand_together(name: str) -> None:
    view = view_of(name)
    assert 1 <= len(view.loads) <= LOADS_AT_MOST
    assert 1 <= len(view.doors) <= DOORS_AT_MOST
    assert {load.crossing.door for load in view.loads} == {door.door for door in view.doors}
    for load in view.loads:
        (*_, truth) = crossing_truth(load.crossing)
        assert truth.door in {door.door for door in view.doors}
    seconds = [each for curve in view.curves for each in curve.seconds]
    assert seconds
    assert 0.0 <= min(seconds) <= max(seconds) <= view.for_s


def test_the_doors_of_a_long_wall_that_are_shown_stand_together() -> None:
    view = look(replace(SCENARIOS["many-doors"], loads=64), 1)
    places = [int(door.door[1:]) for door in view.doors]
    assert max(places) - min(places) < DOORS_AT_MOST


def test_light_beams_are_broken_while_loads_pass_them() -> None:
    view = view_of("photo-eyes")
    assert view.broken
    passing = [load.crossing for load in view.loads if load.crossing.direction in ("in", "out")]
    for crossing in passing:
        begin = (crossing.starts_at - view.starts_at).total_seconds()
        end = (crossing.ends_at - view.starts_at).total_seconds()
        mine = [each for each in view.broken if each.door == crossing.door and begin <= each.from_s <= end]
        first = min(mine, key=lambda each: each.from_s)
        assert first.side == ("outside" if crossing.direction == "in" else "inside")
    spans = {(each.from_s, each.to_s) for each in view.broken}
    drawn = {tuple(line.get_xdata()) for line in page_of("photo-eyes").findobj(Line2D) if isinstance(line, Line2D)}
    assert {span for span in spans if span in drawn} == spans


def test_a_light_beam_that_was_broken_before_the_picture_begins_is_not_drawn_as_broken() -> None:
    """Each door of this scenario had loads before; none stands in a beam for the whole picture."""
    view = look(SCENARIOS["photo-eyes"], 1)
    assert view.starts_at > EPOCH
    assert all(each.to_s - each.from_s < view.for_s for each in view.broken)


def test_a_picture_has_the_same_bytes_every_time() -> None:
    pages: list[dict[Kind, bytes]] = []
    for figure in (page_of("person"), draw(view_of("person"))):
        pages.append({"svg": saved(figure, "svg"), "png": saved(figure, "png")})
    assert pages[0] == pages[1]
    assert b"<dc:date>" not in pages[0]["svg"]


def saved(figure: Figure, kind: Kind) -> bytes:
    file = io.BytesIO()
    save(figure, file, kind)
    return file.getvalue()


def test_the_command_writes_a_picture_1200_pixels_wide(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    done = CliRunner().invoke(main, ["picture", "--scenario", "person", "--loads", "4", "-o", str(path)])
    assert done.exit_code == 0, done.output
    assert int.from_bytes(path.read_bytes()[PNG_WIDTH]) == 1200


def test_without_matplotlib_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("tagdock_simulators.pictures.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = CliRunner().invoke(main, ["picture", "-o", str(tmp_path / "a.svg")])
    assert done.exit_code == 1
    assert "pip install 'tagdock-simulators[pictures]'" in done.stderr
    assert not list(tmp_path.iterdir())
