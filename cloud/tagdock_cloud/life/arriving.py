"""How what left by a transfer arrives: as what it was when it left. Pure.

How an item left decides what its coming is: seen to leave in a session of a transfer's order it was never with anybody
else, whatever somebody applied for meanwhile; sold and shipped it comes back, whatever session it comes in by.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from tagdock_cloud.life.records import Entry, Life, Passage, Standing
from tagdock_cloud.life.rules import RefusedError
from tagdock_cloud.life.tables import Tables

CONFIRMS = timedelta(hours=1)
"""A passage this near a step that a person took for it is the same event."""


def is_arrival(told: Passage) -> bool:
    """Tell whether a passage is the arrival, at either end, of what left by a transfer; it begins no life."""
    return told.sent is not None and told.site in {told.sent.start_site, told.sent.goal_site}


def arrival(
    tables: Tables, before: Standing, live: Sequence[Entry], told: Passage, new_id: Callable[[], UUID]
) -> Entry | str | None:
    """Return the row of an item that arrives by its transfer; in words what contradicts that; None where it comes
    otherwise. `live`: rows of its record that count.
    """
    if told.way != "in" or told.sent is None or before.kept is None or not _left_so(before, live, told):
        return None
    if not is_arrival(told):
        return f"it left for {told.sent.goal_site} by the transfer {told.sent.transfer} and came in at {told.site}"
    policy_id = tables.in_force(told.site, told.at)
    if why_not := _unlike(tables, before, before.kept, policy_id):
        return f"it came by the transfer {told.sent.transfer}, but {why_not}"
    return Entry(
        new_id(), told.site, told.at, "arrived", policy_id, before.kept.state, f"door:{told.door}",
        findings={"transfer": told.sent.transfer}, event_id=told.event_id, door=told.door, way=told.way,
    )  # fmt: skip


def arrived(before: Standing, entry: Entry, *, is_strict: bool) -> Standing:
    """Let an item stand as it stood when it left. Raises RefusedError where it did not leave, if that is asked."""
    if before.kept is None:
        if is_strict:
            raise RefusedError("it arrived by a transfer, and for that it must have left")
        return before
    return replace(
        before, life=before.kept, site=entry.site, policy_id=entry.policy_id, since=entry.at, missing_since=None,
        kept=None,
    )  # fmt: skip


def unseen_arrival(before: Standing, live: Sequence[Entry], seen: Passage) -> tuple[str, Mapping[str, str]]:
    """Say what it means that an item which is away lies in a bin, and what is kept of it: the bin, and the transfer by
    which it has arrived, if it has.
    """
    where = f"was seen in bin {seen.bin}, and no door saw it come in"
    if seen.sent is None or before.kept is None or not _left_so(before, live, seen):
        return f"it is {before.life.state.replace('_', ' ')} and {where}", {"bin": seen.bin or ""}
    if not is_arrival(seen):
        text = f"it left for {seen.sent.goal_site} by the transfer {seen.sent.transfer} and {where} at {seen.site}"
        return text, {"bin": seen.bin or ""}
    findings = {"bin": seen.bin or "", "transfer": seen.sent.transfer}
    return f"it left by the transfer {seen.sent.transfer} and {where}", findings


def taken_in(tables: Tables, before: Standing, seen: Entry, settled: Entry, new_id: Callable[[], UUID]) -> Entry | None:
    """Return the arrival that a settlement makes of what no door saw come in; None where it did not come by its
    transfer, has left once more since, or cannot be at the site what it was.
    """
    if "transfer" not in seen.findings or before.kept is None or before.since > seen.at:
        return None
    if _unlike(tables, before, before.kept, settled.policy_id):
        return None
    to_state, found = before.kept.state, seen.findings
    return replace(settled, step_id=new_id(), kind="arrived", to_state=to_state, findings=found, closes=None)


def _left_so(before: Standing, live: Sequence[Entry], told: Passage) -> bool:
    """Tell whether the departure on record is the one by the transfer, and none after it that no door saw."""
    if told.left_at is None or abs(before.since - told.left_at) > CONFIRMS:
        return False
    return not any(entry.way == "in" and told.left_at < entry.at <= before.since for entry in live)


def _unlike(tables: Tables, before: Standing, kept: Life, policy_id: int) -> str | None:
    """Say why an item cannot be there what it was where it left: sites may have tables of their own."""
    there = tables[policy_id]
    if kept.state not in there.state:
        return f"the table of lives there has no state {kept.state!r}"
    if kept.state in there.sellable and kept.state not in tables[before.policy_id].sellable:
        return f"what is {kept.state!r} may be sold there, and might not where it left"
    return None
