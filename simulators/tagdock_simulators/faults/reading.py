"""A schedule of faults written as TOML, checked whole.

seed = 7

[[fault]]
kind = "cut_inside"
on = "dock-1"
at_s = 20.0
amount = 12
"""

import math
import tomllib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeGuard

from tagdock_simulators.faults.errors import ScheduleError
from tagdock_simulators.faults.kinds import KINDS, Amount, Kind, Place, Towards, kinds_of
from tagdock_simulators.faults.schedule import EVERYBODY, Fault, Schedule

MAX_TEXT_BYTES = 1024 * 1024
MAX_FAULTS = 1000
MAX_TIME_S = 1e8
MAX_NAME = 64
MAX_LINE = 4096
"""A key of very many parts would keep the reader of TOML busy for minutes."""
NAMES_LISTED = 20
_KEYS = ("kind", "on", "at_s", "for_s", "amount", "towards", "every_s", "chance")


def read_schedule(text: str, seed: int | None = None) -> Schedule:
    """Read a schedule; `seed` wins over the file's own. Raises ScheduleError with everything that is wrong."""
    if len(text) > MAX_TEXT_BYTES:
        raise ScheduleError([f"has more than {MAX_TEXT_BYTES:,} bytes; write fewer faults"])
    if any(len(line) > MAX_LINE for line in text.splitlines()):
        raise ScheduleError([f"is no TOML for this: a line has more than {MAX_LINE:,} characters; write shorter ones"])
    try:
        told = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib lets a few of Python's own through
        raise ScheduleError([f"is no TOML: {error}"]) from error
    problems = [f"{key} is not known; seed and [[fault]] are" for key in told.keys() - {"seed", "fault"}]
    own_seed = told.get("seed", 1)
    if type(own_seed) is not int or not 0 <= own_seed < 2**63:
        problems.append(f"seed is {own_seed!r}; write a whole number from 0 to 2^63 - 1")
    tables = told.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ScheduleError([*problems, "fault is no list of tables; write [[fault]] above each"])
    if len(tables) > MAX_FAULTS:
        raise ScheduleError([*problems, f"has {len(tables):,} faults; {MAX_FAULTS:,} at most, see every_s"])
    faults = [_Table(table, number, problems).fault() for number, table in enumerate(tables, 1)]
    if problems:
        raise ScheduleError(problems)
    return Schedule(tuple(fault for fault in faults if fault), own_seed if seed is None else seed)


def schedule_for(schedule: Schedule, names: Collection[str], places: Iterable[Place]) -> tuple[Schedule, list[str]]:
    """Pick the faults that can be done here, to one of `names`; returns them and a line on each that is left out."""
    able = kinds_of(*places)
    left_out = {}
    for fault in schedule.faults:
        if fault.on != EVERYBODY and fault.on not in names:
            left_out[fault.number] = f"on {fault.on!r}: nobody here has that name; {_some(names)} are here"
        elif fault.kind not in able:
            left_out[fault.number] = f"{fault.kind} is done elsewhere ({', '.join(KINDS[fault.kind].places)})"
    taken = frozenset(fault.number for fault in schedule.faults if fault.number not in left_out)
    return schedule.only(taken), [f"fault {number}, {why}: left out" for number, why in left_out.items()]


def _some(names: Collection[str]) -> str:
    """List names, of many only the first."""
    more = len(names) - NAMES_LISTED
    return ", ".join(sorted(names)[:NAMES_LISTED]) + (f" and {more:,} more" if more > 0 else "")


class _Table:
    """One `[[fault]]`; notes what is wrong with it."""

    def __init__(self, table: Mapping[str, Any], number: int, problems: list[str]) -> None:
        self._table, self._number, self._problems = table, number, problems

    def fault(self) -> Fault | None:
        """Return the fault; None when something is wrong."""
        before = len(self._problems)
        for key in sorted(self._table.keys() - set(_KEYS)):
            self._wrong(key, f"is not known; {', '.join(_KEYS)} are")
        kind = self._kind()
        if kind is None:
            return None
        on = self._table.get("on")
        if not isinstance(on, str) or not 0 < len(on) <= MAX_NAME:
            self._wrong("on", f'is needed: the name of whom it is done to, or "{EVERYBODY}" for all')
        at_s = self._at_s()
        for_s = self._for_s(kind)
        every_s = self._every_s(for_s)
        chance = self._number_in("chance", 0.0, 1.0, 1.0)
        amount, towards = self._amount(kind, KINDS[kind].amount), self._towards(kind)
        if len(self._problems) > before:
            return None
        return Fault(kind, str(on), at_s, for_s, amount, towards, every_s, chance, self._number)

    def _kind(self) -> Kind | None:
        known = ", ".join(Kind)
        told = self._table.get("kind")
        if told is None:
            self._wrong("kind", f"is needed, one of: {known}")
        elif told not in list(Kind):
            self._wrong("kind", f"= {told!r} is not known; these are: {known}")
        else:
            return Kind(told)
        return None

    def _for_s(self, kind: Kind) -> float:
        if not KINDS[kind].lasts:
            if self._table.get("for_s", 0) != 0:
                self._wrong("for_s", f"makes no sense: {kind} happens in a moment; leave it out (see every_s)")
            return 0.0
        told = self._table.get("for_s")
        if not _is_number(told) or not (0.0 < told <= MAX_TIME_S or told == math.inf):
            self._wrong("for_s", f"is needed: how long {kind} lasts, in seconds above 0, inf for ever")
            return 1.0
        return float(told)

    def _every_s(self, for_s: float) -> float | None:
        if "every_s" not in self._table:
            return None
        least = max(for_s, 0.001)
        if not math.isfinite(least):
            self._wrong("every_s", "makes no sense with for_s = inf; leave one out")
            return None
        return self._number_in("every_s", least, MAX_TIME_S, least)

    def _amount(self, kind: Kind, meant: Amount | None) -> float | None:
        if meant is None:
            if "amount" in self._table:
                self._wrong("amount", f"means nothing for {kind}; leave it out")
            return None
        if "amount" not in self._table and meant.default is None:
            self._wrong("amount", f"is needed: {meant.means}{f' in {meant.unit}' if meant.unit else ''}")
        elif meant.whole and type(self._table.get("amount", 0)) is not int:
            self._wrong("amount", f"is no whole number; it says {meant.means}")
        else:
            return self._number_in("amount", meant.least, meant.most, meant.default or 0.0)
        return None

    def _towards(self, kind: Kind) -> Towards | None:
        if "towards" not in self._table:
            return None
        if KINDS[kind].towards is None:
            self._wrong("towards", f"means nothing for {kind}; leave it out")
        elif self._table["towards"] not in list(Towards):
            self._wrong("towards", f"is {self._table['towards']!r}; {', '.join(Towards)} are possible")
        elif kind is Kind.HALF_OPEN and self._table["towards"] == Towards.BOTH:
            self._wrong("towards", "is both; one side is taken away, so only client or server can be left in the dark")
        else:
            return Towards(self._table["towards"])
        return None

    def _at_s(self) -> float:
        if "at_s" not in self._table:
            self._wrong("at_s", "is needed: seconds after the start")
        return self._number_in("at_s", 0.0, MAX_TIME_S, 0.0)

    def _number_in(self, key: str, least: float, most: float, default: float) -> float:
        told = self._table.get(key, default)
        if not _is_number(told) or not least <= told <= most:
            self._wrong(key, f"is {told!r}; write a number from {least:g} to {most:g}")
            return default
        return float(told)

    def _wrong(self, key: str, what: str) -> None:
        self._problems.append(f"fault {self._number}: {key} {what}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
