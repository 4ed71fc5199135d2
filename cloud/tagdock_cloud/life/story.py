"""The story of one item: its record folded into where it stands, and passages that are told into it. Pure.

Rows of the record are never changed. They count in the order in which things happened, so that a passage which arrives
late finds its place; it becomes a step only where it was one then, and everything that was done since still fits.
Whatever passage is no step contradicts the story, until something late explains it or a person settles it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tagdock_cloud.life.arriving import CONFIRMS, arrival, arrived, is_arrival, unseen_arrival
from tagdock_cloud.life.records import Contradiction, Entry, Kind, Life, Passage, Standing, Wish
from tagdock_cloud.life.rules import AWAY, RefusedError, applied, passage, step
from tagdock_cloud.life.tables import Tables, away_state, first_sellable

_STEPS = ("taken", "arrived")
"""What a passage becomes where nothing contradicts it."""
NewId = Callable[[], UUID]


def fold(tables: Tables, entries: Sequence[Entry], *, strict: Entry | None = None) -> Standing | None:
    """Return where an item stands; None without a record. From `strict` on every step is asked whether it may be.

    Raises RefusedError where one may not.
    """
    withdrawn = {entry.closes for entry in entries if entry.kind == "withdrawn"}
    closed = {entry.closes for entry in entries if entry.closes is not None}
    standing: Standing | None = None
    is_strict = False
    for entry in _ordered(entries):
        is_strict = is_strict or entry is strict
        if entry.step_id not in withdrawn:
            is_open = entry.kind == "contradicted" and entry.step_id not in closed
            standing = _next(tables, standing, entry, is_open=is_open, is_strict=is_strict)
    return None if standing is None else replace(standing, steps=len(entries))


def _next(tables: Tables, before: Standing | None, entry: Entry, *, is_open: bool, is_strict: bool) -> Standing:
    if before is None:
        life, kept = _begun(tables, entry)
        return Standing(life, entry.site, entry.policy_id, entry.at, contradictions=int(is_open), kept=kept)
    if entry.kind == "taken":
        return _taken(tables, before, entry, is_strict=is_strict)
    if entry.kind == "arrived":
        return arrived(before, entry, is_strict=is_strict)
    if entry.kind == "settled" and entry.to_state != before.life.state:
        life = Life(entry.to_state, before.life.condition, is_owed=True)  # no work order holds what is not on the bench
        return replace(
            before, life=life, site=entry.site, policy_id=entry.policy_id, since=entry.at, grade=None, kept=None
        )
    if entry.kind in ("missing", "found"):
        return replace(before, missing_since=entry.at if entry.kind == "missing" else None)
    return replace(before, contradictions=before.contradictions + is_open)


def _begun(tables: Tables, entry: Entry) -> tuple[Life, Life | None]:
    """Begin a life, and return what it was when it left if it begins with something that is away.

    What stands anywhere but among what may be sold owes its inspections; what left without a life was for sale.
    """
    policy = tables[entry.policy_id]
    is_away = policy.state[entry.to_state].disposition in AWAY
    life = Life(entry.to_state, is_owed=entry.to_state not in policy.sellable)
    return life, Life(first_sellable(policy)) if is_away else None


def _taken(tables: Tables, before: Standing, entry: Entry, *, is_strict: bool) -> Standing:
    assert entry.wish is not None  # noqa: S101  # a step that was taken was somebody's wish
    take = step if is_strict else applied
    life = take(tables[entry.policy_id], before.life, entry.wish).after
    begins_anew = life.is_owed and not life.inspections
    grade = entry.wish.grade or (None if begins_anew else before.grade)
    was_here = tables[before.policy_id].state[before.life.state].disposition not in AWAY
    is_away = tables[entry.policy_id].state[life.state].disposition in AWAY
    return replace(
        before, life=life, site=entry.site, policy_id=entry.policy_id, since=entry.at, grade=grade, missing_since=None,
        kept=before.life if was_here and is_away else None,
    )  # fmt: skip


def told(tables: Tables, story: Sequence[Entry], passages: Iterable[Passage], new_id: NewId) -> list[Entry]:
    """Return the rows to add to an item's record for what doors told of it, corrections included."""
    entries = list(story)
    waiting = [one for one in (_changed(tables, entries, each, new_id) for each in passages) if one is not None]
    known = {one.event_id for one in waiting}
    again = [_again(entry) for entry in open_contradictions(entries) if entry.event_id not in known | _steps(entries)]
    for one in sorted([*waiting, *again], key=lambda each: (each.at, str(each.event_id))):
        _tell(tables, entries, one, new_id)
    return entries[len(story) :]


def open_contradictions(entries: Sequence[Entry]) -> list[Entry]:
    """Return the contradictions that nothing has closed."""
    closed = {entry.closes for entry in entries}
    return [entry for entry in entries if entry.kind == "contradicted" and entry.step_id not in closed]


def standing_at(tables: Tables, entries: Sequence[Entry], at: datetime) -> Standing | None:
    """Return where an item stood at a moment."""
    return fold(tables, [entry for entry in entries if entry.at <= at or entry.kind == "withdrawn"])


def _changed(tables: Tables, entries: list[Entry], told_: Passage, new_id: NewId) -> Passage | None:
    """Withdraw what counts no longer; return a passage that has to be told, None where nothing is to tell."""
    live = [
        entry
        for entry in _live(entries)
        if entry.event_id == told_.event_id and entry.kind in (*_STEPS, "contradicted")
    ]
    taken = next((entry for entry in live if entry.kind in _STEPS), None)
    same = taken if taken is not None and (taken.way, taken.at) == (told_.way, told_.at) else None
    for entry in live:
        if entry is same:
            continue
        if entry.kind == "contradicted":
            if told_.way is None or same is not None:
                entries.append(_closing("withdrawn", entry, entry.to_state, new_id))
        elif not _withdraw(tables, entries, entry, new_id):
            return None
    is_settled = any(entry.kind == "settled" for entry in _closers(entries, live))
    return told_ if told_.way is not None and same is None and not is_settled else None


def _withdraw(tables: Tables, entries: list[Entry], taken: Entry, new_id: NewId) -> bool:
    """Withdraw a step whose passage was corrected. Where what was done since needs it, that is a contradiction."""
    closing = _closing("withdrawn", taken, taken.to_state, new_id)
    after = [entry for entry in _ordered(entries) if (entry.at, entry.step_id) > (taken.at, taken.step_id)]
    try:
        fold(tables, [*entries, closing], strict=after[0] if after else closing)
    except RefusedError as error:
        if all(entry.event_id != taken.event_id for entry in open_contradictions(entries)):
            text = f"the passage that made it {taken.to_state.replace('_', ' ')} was corrected, but since then: {error}"
            entries.append(_contradicted(tables, entries, _again(taken), text, new_id))
        return False
    entries.append(closing)
    return True


def _tell(tables: Tables, entries: list[Entry], told_: Passage, new_id: NewId) -> None:
    before = standing_at(tables, entries, told_.at)
    if before is None and not _begin(tables, entries, told_, new_id):
        return
    if _confirms(tables, entries, told_):
        return
    if told_.bin is not None:
        _see(tables, entries, told_, new_id)
        return
    was_open = next((entry for entry in open_contradictions(entries) if entry.event_id == told_.event_id), None)
    taken = _as_step(tables, entries, told_, new_id)
    if isinstance(taken, Entry):
        entries.append(taken)
        if was_open is not None:
            entries.append(_closing("withdrawn", was_open, taken.to_state, new_id))
    elif was_open is None:
        entries.append(_contradicted(tables, entries, told_, taken, new_id))


def _see(tables: Tables, entries: list[Entry], seen: Passage, new_id: NewId) -> None:
    """Tell that an item lies in a bin: where it is away that contradicts, once, until a door explains it."""
    before = standing_at(tables, entries, seen.at)
    assert before is not None  # noqa: S101  # it has begun
    open_ = open_contradictions(entries)
    was_open = next((entry for entry in open_ if entry.event_id == seen.event_id), None)
    if tables[before.policy_id].state[before.life.state].disposition not in AWAY:
        if was_open is not None:
            entries.append(_closing("withdrawn", was_open, before.life.state, new_id))
        return
    if any("bin" in entry.findings and entry.at >= before.since for entry in open_):
        return
    text, findings = unseen_arrival(before, _live(entries), seen)
    entries.append(replace(_contradicted(tables, entries, seen, text, new_id), findings=findings))


def _begin(tables: Tables, entries: list[Entry], told_: Passage, new_id: NewId) -> bool:
    """Begin the life of what comes back; False for goods that need none, and for what lies before a life begins."""
    if entries:
        begun_by_hand = all(entry.event_id is None for entry in entries if entry.kind == "begun")
        if told_.bin is None and begun_by_hand and (told_.way == "out" or told_.left_at is not None):
            text = "it passed a door before its life began here, and that was told late"
            if all(entry.event_id != told_.event_id for entry in entries):
                entries.append(_contradicted(tables, entries, told_, text, new_id))
        return False
    if told_.way != "in" or told_.left_at is None or (told_.bin is None and is_arrival(told_)):
        return False
    policy_id = tables.in_force(told_.site, told_.at)
    away = away_state(tables[policy_id])
    site = told_.site if told_.sent is None else told_.sent.start_site
    actor = told_.seen_by
    entries.append(Entry(new_id(), site, told_.left_at, "begun", policy_id, away, actor, event_id=told_.event_id))
    return True


def _confirms(tables: Tables, entries: Sequence[Entry], told_: Passage) -> bool:
    """Tell whether a person took the step already that this passage is."""
    near = [entry for entry in _live(entries) if entry.kind in _STEPS and abs(entry.at - told_.at) <= CONFIRMS]
    for entry in near:
        if entry.wish is None:
            continue
        transition = tables[entry.policy_id].transition[entry.wish.transition]
        if entry.event_id is None and transition.passage == told_.way:
            return not any(other.way is not None and other.at > entry.at for other in near)
    return False


def _as_step(tables: Tables, entries: Sequence[Entry], told_: Passage, new_id: NewId) -> Entry | str:
    """Return the step that a passage is, or in words what it contradicts."""
    before = standing_at(tables, entries, told_.at)
    assert before is not None and told_.way is not None  # noqa: S101
    if (comes := arrival(tables, before, _live(entries), told_, new_id)) is not None:
        return comes if isinstance(comes, str) else _fitting(tables, entries, comes)
    policy_id = tables.in_force(told_.site, told_.at)
    name = passage(tables[policy_id], before.life, told_.way)
    if isinstance(name, Contradiction):
        return name.text
    wish = Wish(name, f"door:{told_.door}", frozenset(), told_.at, passage=told_.way)
    entry = Entry(
        new_id(), told_.site, told_.at, "taken", policy_id, tables[policy_id].transition[name].to, wish.by, wish,
        event_id=told_.event_id, door=told_.door, way=told_.way,
    )  # fmt: skip
    return _fitting(tables, entries, entry)


def _fitting(tables: Tables, entries: Sequence[Entry], entry: Entry) -> Entry | str:
    """Return a step if everything that was done since fits it, else in words what does not."""
    try:
        fold(tables, [*entries, entry], strict=entry)
    except RefusedError as error:
        way = "left" if entry.way == "out" else "came in"
        return f"it {way} through a door, told late, and what was done since does not fit: {error}"
    return entry


def _contradicted(tables: Tables, entries: Sequence[Entry], told_: Passage, text: str, new_id: NewId) -> Entry:
    now = fold(tables, entries)
    policy_id = tables.in_force(told_.site, told_.at)
    first = next(iter(_ordered(entries)), None)
    at = told_.at if first is None else max(told_.at, first.at)  # a life begins with its beginning
    return Entry(
        new_id(), told_.site, at, "contradicted", policy_id, now.life.state if now else "", told_.seen_by,
        reason=text[:1000], event_id=told_.event_id, door=told_.door, way=told_.way,
    )  # fmt: skip


def _closing(kind: Kind, closed: Entry, to_state: str, new_id: NewId) -> Entry:
    return replace(
        closed, step_id=new_id(), kind=kind, to_state=to_state, wish=None, closes=closed.step_id, actor="record"
    )


def _again(entry: Entry) -> Passage:
    assert entry.event_id is not None  # noqa: S101
    seen_in = entry.findings.get("bin")
    return Passage(entry.event_id, "", entry.site, entry.at, entry.door, entry.way, bin=seen_in)


def _steps(entries: Sequence[Entry]) -> set[UUID | None]:
    return {entry.event_id for entry in _live(entries) if entry.kind in _STEPS}


def _live(entries: Sequence[Entry]) -> list[Entry]:
    withdrawn = {entry.closes for entry in entries if entry.kind == "withdrawn"}
    return [entry for entry in entries if entry.step_id not in withdrawn]


def _closers(entries: Sequence[Entry], of: Sequence[Entry]) -> list[Entry]:
    closed = {entry.step_id for entry in of}
    return [entry for entry in entries if entry.closes in closed]


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at)  # stable: of two at once, the first recorded
