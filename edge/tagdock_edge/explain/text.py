"""A story as text: a small chart of reads over time by antenna, and words. Lines have 100 columns at most."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tagdock_contract import PhotoEyeEvidence

from tagdock_edge.clock import SECOND_US, from_us, to_us
from tagdock_edge.explain.story import MATES_US, Dot, Row, Story

COLUMNS, _LABEL, _CHART = 100, 30, 44
_WORDS = {"in": "Came in through", "out": "Went out through", "pass": "Did not go through", "uncertain": "Undecided at"}
_BIN_WORDS = {"in": "Came into", "out": "Left"}
_TICKS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
_TICKS_AT_MOST = 6
SHORTEST_US = SECOND_US // 2
"""A chart covers so much time at least, however short the passage was."""
_MATES_S = MATES_US // SECOND_US


@dataclass(frozen=True, slots=True)
class Signs:
    """What a chart is drawn with: levels of power from weak to strong, and lines."""

    levels: str
    bar: str
    base: str
    tick: str
    corners: tuple[str, str]
    broken: str
    door: str


UNICODE = Signs("▁▂▃▄▅▆▇█", "│", "─", "┴", ("└", "┘"), "━", "▲")
ASCII = Signs(".:-=+*%@", "|", "-", "+", ("+", "+"), "#", "^")


def write(story: Story, signs: Signs = UNICODE) -> str:
    """Write a story as lines that end in a newline each."""
    lines = [*_head(story), "", *_chart(story, signs), "", *_said(story)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def headline(story: Story) -> tuple[str, str]:
    """Say in a line what was decided, and how sure it is."""
    movement = story.movement
    sure = "over 99.9 %" if movement.confidence >= 0.9995 else f"{movement.confidence:.1%}"
    words = _WORDS if movement.door else _BIN_WORDS
    what = f"{words[movement.direction]} {story.place}"
    return f"{what} at {movement.observed_at:%Y-%m-%d %H:%M:%S} UTC", f"confidence {sure}"


def _head(story: Story) -> Iterator[str]:
    yield ", ".join(headline(story))
    yield story.movement.epc
    yield f"tag {story.movement.epc_hex}, event {story.movement.event_id}"


@dataclass(frozen=True, slots=True)
class _Scale:
    """From microseconds to columns, and from dBm to levels."""

    first_us: int
    column_us: float
    weakest_dbm: float
    strongest_dbm: float

    def column(self, at_us: int) -> int:
        return min(max(int((at_us - self.first_us) / self.column_us), 0), _CHART - 1)

    def level(self, rssi_dbm: float, levels: str) -> str:
        span = max(self.strongest_dbm - self.weakest_dbm, 1.0)
        return levels[min(int((rssi_dbm - self.weakest_dbm) / span * len(levels)), len(levels) - 1)]


def _scale(story: Story) -> _Scale:
    powers = [dot.rssi_dbm for row in story.rows for dot in row.dots] or [0.0]
    column_us = max(story.last_us - story.first_us + 1, SHORTEST_US) / _CHART
    return _Scale(story.first_us, column_us, min(powers), max(powers))


def _chart(story: Story, signs: Signs) -> Iterator[str]:
    scale = _scale(story)
    powers = f"{signs.levels[0]} {scale.weakest_dbm:.1f} to {signs.levels[-1]} {scale.strongest_dbm:.1f} dBm"
    yield f"{'':{_LABEL}}  strongest read in each {_seconds(scale.column_us)}: {powers}"
    own = [row for row in story.rows if row.place == story.place]
    yield from _place_rows([*own, *story.idle], scale, signs)
    yield from _eyes(story.evidence.photo_eyes, scale, signs)
    yield from _place_rows([row for row in story.rows if row.place != story.place], scale, signs)
    yield from _axis(scale, story, signs)


def _place_rows(rows: Iterable[Row], scale: _Scale, signs: Signs) -> Iterator[str]:
    """Draw a line an antenna, and name each place once."""
    place = ""
    for row in rows:
        label = f"{row.place if row.place != place else '':8} {row.side:7}"
        place = row.place
        yield _line(label, f"{row.reader}/{row.antenna}", _cells(row.dots, scale, signs), _read(row, scale), signs)


def _line(label: str, name: str, cells: str, words: str, signs: Signs) -> str:
    room = _LABEL - len(label) - 1
    name = name if len(name) <= room else f"{name[: room - 6]}~{name[-5:]}"
    return f"{label} {name:>{room}} {signs.bar}{cells}{signs.bar} {words}"


def _cells(dots: Sequence[Dot], scale: _Scale, signs: Signs) -> str:
    best: dict[int, float] = {}
    for dot in dots:
        column = scale.column(dot.at_us)
        best[column] = max(best.get(column, dot.rssi_dbm), dot.rssi_dbm)
    return "".join(scale.level(best[n], signs.levels) if n in best else " " for n in range(_CHART))


def _read(row: Row, scale: _Scale) -> str:
    if not row.dots:
        return "no read"
    at_s = (row.peak.at_us - scale.first_us) / 1e6
    return f"{len(row.dots):4} x, {row.peak.rssi_dbm:.1f} at {at_s:.1f} s"


def _eyes(eyes: Iterable[PhotoEyeEvidence], scale: _Scale, signs: Signs) -> Iterator[str]:
    """Draw when each photo-eye of the door that won was broken."""
    eyes = [*eyes]
    for side in ("outside", "inside"):
        mine = [eye for eye in eyes if eye.side == side]
        if mine:
            broken = {n for eye in mine for n in range(*_broken(eye, scale))}
            cells = "".join(signs.broken if n in broken else " " for n in range(_CHART))
            at_s = (to_us(mine[0].broken_at) - scale.first_us) / 1e6
            yield _line(f"{'':8} {side:7}", "eye", cells, f"broken at {at_s:.1f} s", signs)


def _broken(eye: PhotoEyeEvidence, scale: _Scale) -> tuple[int, int]:
    until = _CHART if eye.cleared_at is None else scale.column(to_us(eye.cleared_at)) + 1
    return scale.column(to_us(eye.broken_at)), until


def _axis(scale: _Scale, story: Story, signs: Signs) -> Iterator[str]:
    """Draw the seconds since the first read that is shown, and mark when it was."""
    length_s = scale.column_us * _CHART / 1e6
    step_s = next((tick for tick in _TICKS_S if length_s / tick <= _TICKS_AT_MOST), 60.0)
    line, words = [signs.base] * _CHART, [" "] * (_CHART + 8)
    for n in range(int(length_s / step_s) + 1):
        column = min(int(n * step_s * 1e6 / scale.column_us), _CHART - 1)
        line[column] = signs.tick
        text = f"{n * step_s:g}" + (" s" if n == 0 else "")
        words[column : column + len(text)] = text
    line[scale.column(to_us(story.movement.observed_at))] = signs.door
    mark = "at the door" if story.movement.door else "then"
    yield f"{'':{_LABEL}} {signs.corners[0]}{''.join(line)}{signs.corners[1]} {signs.door} {mark}"
    yield f"{'':{_LABEL}}  {''.join(words)}"


def _said(story: Story) -> Iterator[str]:
    movement, evidence = story.movement, story.evidence
    yield from _words(
        "first read", f"{from_us(story.first_us):%Y-%m-%d %H:%M:%S.%f} UTC, {count(evidence.reads)} in all"
    )
    if movement.door:
        lost = [f"{each.door} {each.score:.2%} ({count(each.reads)})" for each in evidence.doors_lost]
        won = f"{movement.door} won"
        yield from _words("doors", f"{won} over {', '.join(lost)}" if lost else f"{won}; no other door read the tag")
    yield from _words("with it", mates_in_words(story))
    yield from _words("decision", ", ".join((movement.direction, headline(story)[1])))
    yield from _words("because", evidence.reason or "no reason was given")


def count(reads: int) -> str:
    """Write a number of reads."""
    return f"{reads} read{'s' * (reads != 1)}"


def mates_in_words(story: Story) -> str:
    """Say which other tags were there."""
    if not story.mates:
        return f"no other tag was at {story.place} within {_MATES_S} s"
    ways = Counter(mate.direction for mate in story.mates)
    told = ", ".join(f"{number} {way}" for way, number in sorted(ways.items(), key=lambda item: (-item[1], item[0])))
    tags = f"{len(story.mates)} other tag{'s' * (len(story.mates) > 1)}"
    return f"{tags} at {story.place} within {_MATES_S} s: {told}"


def _words(label: str, text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, COLUMNS - 12)
    for n, line in enumerate(lines):
        yield f"{label if n == 0 else '':11} {line}"


def _seconds(span_us: float) -> str:
    return f"{span_us / 1000:.0f} ms" if span_us < 1e6 else f"{span_us / 1e6:.1f} s"
