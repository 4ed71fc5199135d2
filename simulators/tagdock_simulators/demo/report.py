"""What happened against what was stored: the demo's verdict, as JSON and as text. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from tagdock_simulators.demo.beside import Moved, TruckEnd, beside_json, beside_rows
from tagdock_simulators.demo.errands import asked_row
from tagdock_simulators.demo.fates import Returned, returned_json, returned_row

DECIDED_WITHIN = timedelta(seconds=4)
"""A gateway decides at most 3 s after a tag has left the field; one more until the outbox has it for certain."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A carton that really crossed a door line at `at`; its first and last read tell when a gateway could know."""

    epc: str
    door: str
    direction: Literal["in", "out"]
    at: datetime
    first_read_at: datetime
    last_read_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A movement that the cloud has on record."""

    event_id: str
    epc: str
    door: str | None
    direction: str
    stored_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayGap:
    """From when a gateway was killed until all its readers had it back: what it knew in between died with it."""

    killed_at: datetime
    back_at: datetime

    def covers(self, passed: Passed) -> bool:
        """Tell whether some of a crossing's reads may have been in the dead gateway's memory, or reached nobody."""
        return passed.first_read_at <= self.back_at and passed.last_read_at + DECIDED_WITHIN >= self.killed_at


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan says of the layout, in metres walked a day."""

    status: str
    current_m_per_day: float
    objective_m_per_day: float
    moves: int


@dataclass(frozen=True, slots=True)
class Played:
    """Everything that a run has to tell besides truth and record."""

    seconds: float
    order_lines: int
    days: int
    loads: int
    unusable_lines: Mapping[str, int]
    kills: Sequence[tuple[str, datetime]] = ()
    plan: Plan | None = None
    feed_late_ms: Sequence[float] = ()
    troubles: Sequence[str] = ()
    trucks: Sequence[TruckEnd] = ()
    moved: Moved = field(default_factory=Moved)
    returned: Returned | None = None
    """None: nobody asked for returns."""
    past: "Report | None" = None
    """None: nobody asked for weeks of the past."""


@dataclass(frozen=True)
class Report:
    """Counts of crossings by what became of them; each crossing is in exactly one of the five lists of outcomes."""

    played: Played
    right: tuple[str, ...] = ()
    wrong_door: tuple[str, ...] = ()
    wrong_direction: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    lost_in_memory: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    latencies_ms: tuple[float, ...] = field(default=(), repr=False)
    hand_overs_ms: tuple[float, ...] = field(default=(), repr=False)

    @property
    def crossings(self) -> int:
        """Count what really crossed a door."""
        return self.stored + sum(map(len, (self.uncertain, self.lost, self.lost_in_memory)))

    @property
    def stored(self) -> int:
        """Count the crossings that are on record as in or out, rightly or wrongly."""
        return sum(map(len, (self.right, self.wrong_door, self.wrong_direction)))

    @property
    def clean(self) -> bool:
        """Tell whether nothing was lost, doubled, invented or wrong."""
        wrong = self.lost or self.doubled or self.wrong_door or self.wrong_direction or self.unexpected
        returned = self.played.returned
        differs = returned is not None and not returned.is_right
        past = self.played.past
        return not wrong and not differs and self.played.moved.is_right and (past is None or past.clean)


def judge(truth: Iterable[Passed], record: Iterable[Stored], gaps: Sequence[GatewayGap], played: Played) -> Report:
    """Compare truth and record, crossing by crossing; every EPC crosses once."""
    by_epc: dict[str, list[Stored]] = {}
    for movement in record:
        by_epc.setdefault(movement.epc, []).append(movement)
    outcomes: dict[str, list[str]] = {}
    latencies, hand_overs = [], []
    for passed in truth:
        found = [movement for movement in by_epc.pop(passed.epc, []) if movement.direction != "pass"]
        decided = [movement for movement in found if movement.direction != "uncertain"]
        outcome = _outcome(passed, found, decided)
        if outcome != "right" and any(gap.covers(passed) for gap in gaps):
            outcome = "lost_in_memory"
        outcomes.setdefault(outcome, []).append(passed.epc)
        if len(decided) > 1:
            outcomes.setdefault("doubled", []).extend([passed.epc] * (len(decided) - 1))
        for movement in decided[:1]:
            latencies.append((movement.stored_at - passed.at) / timedelta(milliseconds=1))
            if movement.decided_at is not None:
                hand_overs.append((movement.stored_at - movement.decided_at) / timedelta(milliseconds=1))
    lists: dict[str, tuple[str, ...]] = {name: tuple(epcs) for name, epcs in outcomes.items()}
    return Report(
        played, unexpected=_decided(by_epc), latencies_ms=tuple(latencies), hand_overs_ms=tuple(hand_overs), **lists
    )


def _decided(by_epc: Mapping[str, Sequence[Stored]]) -> tuple[str, ...]:
    """Return the EPCs of which the record says that they came in or went out."""
    return tuple(epc for epc, found in by_epc.items() if any(one.direction in ("in", "out") for one in found))


def _outcome(passed: Passed, found: Sequence[Stored], decided: Sequence[Stored]) -> str:
    if not found:
        return "lost"
    if not decided:
        return "uncertain"
    if all(movement.door != passed.door for movement in decided):
        return "wrong_door"
    if all(movement.direction != passed.direction for movement in decided if movement.door == passed.door):
        return "wrong_direction"
    return "right"


def as_json(report: Report) -> dict[str, Any]:
    """Write the report with the keys of the design, then with what else is known."""
    played, plan = report.played, report.played.plan
    return {
        "crossings": report.crossings,
        "stored": report.stored,
        "lost": len(report.lost),
        "doubled": len(report.doubled),
        "wrong_door": len(report.wrong_door),
        "wrong_direction": len(report.wrong_direction),
        "uncertain": len(report.uncertain),
        "order_lines": played.order_lines,
        "latency_ms": _spread(report.latencies_ms),
        "plan": {
            "current_m_per_day": plan and plan.current_m_per_day,
            "objective_m_per_day": plan and plan.objective_m_per_day,
            "status": plan and plan.status,
            "moves": plan and plan.moves,
        },
        "lost_in_memory": list(report.lost_in_memory),
        "unexpected": list(report.unexpected),
        "epcs": {
            name: list(getattr(report, name))
            for name in ("lost", "doubled", "wrong_door", "wrong_direction", "uncertain")
        },
        **beside_json(played.trucks, played.moved),
        **({"past": _past_json(played.past)} if played.past else {}),
        **({"returns": returned_json(played.returned)} if played.returned else {}),
        "unusable_lines": dict(played.unusable_lines),
        "killed": [{"what": name, "at": at.isoformat()} for name, at in played.kills],
        "hand_over_ms": _spread(report.hand_overs_ms),
        "feed_late_ms": _spread(played.feed_late_ms),
        "loads": played.loads,
        "days": played.days,
        "seconds": round(played.seconds, 1),
        "troubles": list(played.troubles),
        "clean": report.clean,
    }


def _past_json(past: Report) -> dict[str, Any]:
    """Write the same of the weeks before: how long the wire took says nothing there."""
    without = ("latency_ms", "hand_over_ms", "feed_late_ms", "killed", "troubles", "lost_in_memory", "unusable_lines")
    return {name: value for name, value in as_json(past).items() if name not in without}


BUSY_MS = 1000.0
"""How long a load may stand still, as this box is busy, before that is worth telling: a gateway waits three times as
long before it takes goods that it does not hear for gone."""
_WRONG = ("lost", "doubled", "wrong_door", "wrong_direction", "uncertain")


def _spread(values_ms: Sequence[float]) -> dict[str, float | None]:
    """Return median and 99th percentile (nearest rank)."""
    ranked = sorted(values_ms)
    if not ranked:
        return {"median": None, "p99": None}
    median, p99 = (ranked[math.ceil(share * len(ranked)) - 1] for share in (0.5, 0.99))
    return {"median": round(median, 1), "p99": round(p99, 1)}


def as_text(report: Report) -> str:
    """Write the report for a person."""
    played = report.played
    rows = [
        ("order lines played", f"{played.order_lines:,} of {played.days} business days, on {played.loads:,} loads"),
        ("crossings (truth)", f"{report.crossings:,}"),
        ("stored", f"{report.stored:,}"),
        ("lost", f"{len(report.lost):,}"),
        ("doubled", f"{len(report.doubled):,}"),
        ("wrong door", f"{len(report.wrong_door):,}"),
        ("wrong direction", f"{len(report.wrong_direction):,}"),
        ("uncertain", f"{len(report.uncertain):,}   (a person has to decide)"),
        ("not expected", f"{len(report.unexpected):,}   (on record, but nothing like it crossed)"),
        *_kill_rows(report),
        ("latency", f"{_seconds(report.latencies_ms)}   (from crossing the door line to being on record)"),
        *(
            [("hand-over", f"{_seconds(report.hand_overs_ms)}   (from the verdict to being on record)")]
            if report.hand_overs_ms
            else []
        ),
        *_busy_rows(played.feed_late_ms),
        *beside_rows(played.trucks, played.moved),
        *([("past", _past_text(played.past))] if played.past else []),
        *([returned_row(played.returned)] if played.returned else []),
        *([asked_row(played.returned.asked)] if played.returned and played.returned.asked else []),
        ("plan", plan_text(played.plan)),
        ("unusable lines", _unusable_text(played.unusable_lines)),
        ("time played", f"{played.seconds:.0f} s"),
    ]
    verdict = (
        "Nothing was lost, doubled or wrong." if report.clean else "Something went wrong: see the lists in --report."
    )
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    return "\n".join(["What happened, against what is on record", "", *lines, *_troubles(played.troubles), "", verdict])


def _past_text(past: Report) -> str:
    played, wrong = past.played, sum(not end.is_right for end in past.played.trucks)
    amiss = {name.replace("_", " "): len(getattr(past, name)) for name in (*_WRONG, "unexpected")}
    amiss |= {"trucks told wrong": wrong, "moves not as carried": int(not played.moved.is_right)}
    told = ", ".join(f"{count:,} {name}" for name, count in amiss.items() if count) or "each once on record"
    days = f"{past.crossings:,} crossings of {played.days} days, played as history by a clock set back"
    return f"{days}: {told}; {played.moved.confirmed:,} moves confirmed"


def _kill_rows(report: Report) -> list[tuple[str, str]]:
    if not report.played.kills:
        return []
    killed = ", ".join(f"{name} at {at:%H:%M:%S}" for name, at in report.played.kills)
    words = "(their reads were, all or some, only in a killed gateway's memory)"
    return [("killed", killed), ("lost in memory", f"{len(report.lost_in_memory):,}   {words}")]


def _busy_rows(stood_ms: Sequence[float]) -> list[tuple[str, str]]:
    """Say that loads stood still, where they did for long: unread meanwhile, as no goods in a door are."""
    p99_ms = _spread(stood_ms)["p99"]
    if p99_ms is None or p99_ms < BUSY_MS:
        return []
    words = "(unread in their doors: this box is too busy for it, which alone may be what went wrong)"
    return [("loads stood still", f"{_seconds(stood_ms)}   {words}")]


def _seconds(values_ms: Sequence[float]) -> str:
    spread = _spread(values_ms)
    if spread["median"] is None or spread["p99"] is None:
        return "not measured"
    return f"median {spread['median'] / 1000:.2f} s, 99 % within {spread['p99'] / 1000:.2f} s"


def plan_text(plan: Plan | None) -> str:
    """Say in one line what a plan is worth."""
    if plan is None:
        return "none was made"
    saved = plan.current_m_per_day - plan.objective_m_per_day
    share = saved / plan.current_m_per_day if plan.current_m_per_day else 0.0
    return (
        f"{plan.status}: {plan.current_m_per_day:,.0f} m a day now, {plan.objective_m_per_day:,.0f} m after "
        f"{plan.moves:,} moves ({share:.0%} less to walk)"
    )


def _unusable_text(unusable: Mapping[str, int]) -> str:
    if not unusable:
        return "0"
    return f"{sum(unusable.values()):,}   ({', '.join(f'{reason} {count:,}' for reason, count in unusable.items())})"


def _troubles(troubles: Sequence[str]) -> list[str]:
    return ["", *(f"  {trouble}" for trouble in troubles)] if troubles else []
