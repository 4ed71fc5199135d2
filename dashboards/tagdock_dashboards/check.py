"""Run every query of every panel and variable as Grafana would, and say what would not show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tagdock_dashboards import needs
from tagdock_dashboards.alarms import LOOKS_BACK_S, Alarm
from tagdock_dashboards.errors import QueryError
from tagdock_dashboards.macros import Choice, Setting, expand
from tagdock_dashboards.model import Dashboard, Panel, Query, Variable
from tagdock_dashboards.needs import Answer
from tagdock_dashboards.periods import interval_ms, moment

PANEL_POINTS = 1000
"""Points across a panel that does not say: about its width in pixels on a wall screen."""

SHORTEST_POINT = "1m"
"""What Grafana's SQL data sources take as the shortest point where neither panel nor data source says."""


class Runner(Protocol):
    """Whatever runs SQL."""

    def run(self, sql: str) -> Answer:
        """Return the answer, or raise QueryError."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One query that was run; `problems` is empty when all is well, `seconds` those of its slower choice."""

    dashboard: str
    panel: str
    query: str
    problems: tuple[str, ...]
    rows: int
    seconds: float

    @property
    def place(self) -> str:
        """Name dashboard, panel and query."""
        return f"{self.dashboard} / {self.panel} / {self.query}"


@dataclass(frozen=True, slots=True)
class Terms:
    """How to check: the present moment, the period (default: each dashboard's own), and which panels may be empty."""

    now: datetime
    since: str | None = None
    until: str | None = None
    timescaledb: bool = False
    may_be_empty: frozenset[str] = frozenset()


class Checker:
    """Checks one dashboard: each query with everything chosen, then with the first of each choice.

    The first round has to give data; the second only has to run, since one door may well be quiet.
    """

    def __init__(self, board: Dashboard, terms: Terms, database: Runner) -> None:
        self._board = board
        self._terms = terms
        self._database = database
        self._everything: dict[str, Choice] = {}
        self._first: dict[str, Choice] = {}

    def run(self) -> Iterator[Finding]:
        """Yield a finding for every query of the variables, in their order, then of the panels."""
        yield from self._choose_all()
        for panel in self._board.panels:
            for query in panel.queries:
                yield self._run_query(panel, query)
        for mark in self._board.marks:
            yield self._run_mark(mark)

    def period(self) -> tuple[datetime, datetime]:
        """Return the period that is asked for: the terms' own, else the dashboard's."""
        return (
            moment(self._terms.since or self._board.since, self._terms.now),
            moment(self._terms.until or self._board.until, self._terms.now),
        )

    def answers(self) -> Iterator[Answer]:
        """Yield what each panel's first query answers with everything chosen, in the panels' order.

        Raises QueryError where the database refuses one.
        """
        for _ in self._choose_all():
            pass
        for panel in self._board.panels:
            yield self._database.run(expand(panel.queries[0].sql, self._everything, self._setting(panel)))

    def _choose_all(self) -> Iterator[Finding]:
        for variable in self._board.variables:
            options: Sequence[str] = variable.options
            if variable.type == "query":
                finding, options = self._ask_options(variable)
                yield finding
            self._choose(variable, options)

    def _choose(self, variable: Variable, options: Sequence[str]) -> None:
        """Choose "All" for one round (the variable's own text for it, else every option), the first for the other."""
        many = variable.multi or variable.include_all
        first = Choice(options[0] if options else "", "literals" if many else "text")
        everything = Choice(variable.all_value, "raw") if variable.all_value else Choice(tuple(options), "literals")
        self._first[variable.name] = first
        self._everything[variable.name] = everything if many else first

    def _ask_options(self, variable: Variable) -> tuple[Finding, Sequence[str]]:
        options: Sequence[str] = ()
        problems: list[str] = []
        seconds = 0.0
        try:
            answer = self._database.run(expand(variable.sql, self._everything, self._setting(None)))
            options, seconds = [str(row[0]) for row in answer.rows if row[0] is not None], answer.seconds
            if not options:
                problems.append("offers nothing to choose")
        except QueryError as error:
            problems.append(str(error))
        place = f"variable {variable.name}"
        return Finding(self._board.title, place, variable.name, tuple(problems), len(options), seconds), options

    def _run_query(self, panel: Panel, query: Query) -> Finding:
        setting = self._setting(panel)
        problems: list[str] = []
        rows, seconds = 0, 0.0
        try:
            answer = self._database.run(expand(query.sql, self._everything, setting))
            rows, seconds = len(answer.rows), answer.seconds
            problems += self._judge(panel, query, answer)
            seconds = max(seconds, self._database.run(expand(query.sql, self._first, setting)).seconds)
        except QueryError as error:
            problems.append(str(error))
        return Finding(self._board.title, panel.title, query.ref_id, tuple(problems), rows, seconds)

    def _run_mark(self, mark: Query) -> Finding:
        """Run the query of marks on the time axis; none in the period is no fault."""
        problems: list[str] = []
        rows, seconds = 0, 0.0
        try:
            answer = self._database.run(expand(mark.sql, self._everything, self._setting(None)))
            rows, seconds = len(answer.rows), answer.seconds
            missing = sorted({"time", "text"} - {name for name, _ in answer.columns})
            problems += [f'has no column "{name}", which a mark needs' for name in missing]
        except QueryError as error:
            problems.append(str(error))
        return Finding(self._board.title, "marks", mark.ref_id, tuple(problems), rows, seconds)

    def _judge(self, panel: Panel, query: Query, answer: Answer) -> list[str]:
        problems = list(needs.problems(panel, query, answer))
        if not answer.complete:
            problems.append(f"returns more than {len(answer.rows):,} rows; group or limit it")
        may_be_empty = panel.lists_exceptions or panel.title in self._terms.may_be_empty
        if not problems and not may_be_empty and needs.is_empty(panel, answer):
            problems.append("returns no data")
        return problems

    def _setting(self, panel: Panel | None) -> Setting:
        since, until = self.period()
        points = (panel.max_data_points if panel else None) or PANEL_POINTS
        at_least = (panel.interval if panel else None) or SHORTEST_POINT
        length = interval_ms(since, until, points=points, at_least=at_least)
        return Setting(since, until, length, self._terms.timescaledb)


def check_alarms(alarms: Sequence[Alarm], terms: Terms, database: Runner) -> Iterator[Finding]:
    """Run every alert rule's query: no row is good news, but it has to return texts and the one figure `value`."""
    setting = Setting(terms.now - timedelta(seconds=LOOKS_BACK_S), terms.now, 1000.0, terms.timescaledb)
    for alarm in alarms:
        problems: list[str] = []
        rows, seconds = 0, 0.0
        try:
            answer = database.run(expand(alarm.sql, {}, setting))
            rows, seconds = len(answer.rows), answer.seconds
            numbers = [name for name, kind in answer.columns if kind == "number"]
            if numbers != ["value"]:
                problems.append(f"has to return one number, `value`; it returns {', '.join(numbers) or 'none'}")
            if not any(kind == "text" for _, kind in answer.columns):
                problems.append("has no text that tells one alert from another")
        except QueryError as error:
            problems.append(str(error))
        yield Finding("alert rules", alarm.title, "value", tuple(problems), rows, seconds)
