"""People take steps: asked, recorded, told, in one transaction that holds the item's life."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.epcis.document import Told
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.epcis.prepare import prepare
from tagdock_cloud.life.arriving import taken_in
from tagdock_cloud.life.changes import Grown, statements
from tagdock_cloud.life.policy import Policy
from tagdock_cloud.life.published import first_table, tables_of
from tagdock_cloud.life.records import Entry, Life, Standing, Wish
from tagdock_cloud.life.rules import AWAY, IncompleteError, NotTheirsError, RefusedError, step
from tagdock_cloud.life.shapes import SettlementBody, StepBody
from tagdock_cloud.life.story import fold, open_contradictions
from tagdock_cloud.life.tables import Tables, beginning
from tagdock_cloud.life.telling import event_of, taken_in_event
from tagdock_cloud.life.written import after_all, entry_of
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found

_SQL = load_queries("tagdock_cloud.life")
_EPCIS = load_queries("tagdock_cloud.epcis")


@dataclass(frozen=True, slots=True)
class Held:
    """An item whose life is held: nobody else takes a step of it before the transaction ends."""

    item: Mapping[str, Any]
    tables: Tables
    story: Sequence[Entry]
    now: datetime
    has_doors: bool

    @property
    def epc(self) -> str:
        """The item."""
        return str(self.item["epc"])

    @property
    def site(self) -> str:
        """Where it is."""
        return str(self.item["site"])


async def all_tables(transaction: Transaction) -> Tables:
    """Return all published tables; the first time, publish the one that Tagdock ships."""
    tables = tables_of(await transaction.all(_SQL["policies"]))
    if tables is None:
        await transaction.run(_SQL["publish"], first_table())
        tables = tables_of(await transaction.all(_SQL["policies"]))
    assert tables is not None  # noqa: S101  # it was just published
    return tables


async def hold(transaction: Transaction, item: Mapping[str, Any]) -> Held:
    """Hold an item's life; one that has not begun begins as doors and bins tell."""
    tables = await all_tables(transaction)
    values = {"epcs": [item["epc"]], "site": item["site"]}
    await transaction.run(_SQL["claim"], values)
    await transaction.all(_SQL["hold"], values)
    return await _read(transaction, item, tables)


async def look_at(transaction: Transaction, item: Mapping[str, Any]) -> Held:
    """Return an item's life as it stands, to be shown: nobody is kept from taking a step of it."""
    return await _read(transaction, item, await all_tables(transaction))


async def _read(transaction: Transaction, item: Mapping[str, Any], tables: Tables) -> Held:
    values = {"epcs": [item["epc"]], "site": item["site"]}
    about = await transaction.one(_SQL["has_doors"], values) or {}
    story = [entry_of(row) for row in await transaction.all(_SQL["story"], values)]
    return Held(item, tables, story, after_all(story, about["now"]), about["has_doors"])


def life_of(held: Held) -> tuple[list[Entry], Standing]:
    """Return what has to be recorded first, and where the item stands."""
    began = [] if any(entry.kind == "begun" for entry in held.story) else [_begun(held)]
    standing = fold(held.tables, [*held.story, *began])
    assert standing is not None  # noqa: S101  # it has begun
    return began, standing


def _begun(held: Held) -> Entry:
    policy_id = held.tables.in_force(held.site, held.now)
    state = beginning(held.tables[policy_id], str(held.item["state"]))
    at = min([held.now, *(entry.at for entry in held.story)])
    return Entry(uuid4(), held.site, at, "begun", policy_id, state, "record")


async def take(transaction: Transaction, held: Held, caller: Caller, body: StepBody) -> Entry:
    """Take a step. Raises Problem: 403 for other roles, 422 without the details, 409 where it may not be now."""
    began, standing = life_of(held)
    policy_id = held.tables.in_force(held.site, held.now)
    if body.state is not None and body.state != standing.life.state:
        raise Problem(409, f"the item is {standing.life.state}, not {body.state}: somebody was faster")
    at = held.now + timedelta(microseconds=1)
    wish = Wish(body.transition, caller.id, roles_of(caller), at, body.grade, body.sealed, body.reason)
    asked(held.tables[policy_id], standing.life, wish)
    found = [Entry(uuid4(), held.site, at, "found", policy_id, "", caller.id)] if standing.missing_since else []
    to_state = held.tables[policy_id].transition[wish.transition].to
    entry = Entry(
        uuid4(), held.site, at, "taken", policy_id, to_state, caller.id, wish,
        findings=body.findings(), reason=body.reason or "", case_ref=body.case,
    )  # fmt: skip
    await record(transaction, held, [*began, *found, entry], caller.id)
    policy = held.tables[policy_id]
    if not held.has_doors or policy.transition[wish.transition].passage is None:  # else the door tells it, once
        await _tell(transaction, held, caller, lambda naming: event_of(policy, held.epc, entry, naming))
    return entry


def asked(policy: Policy, life: Life, wish: Wish) -> None:
    """Ask whether a step may be taken. Raises Problem."""
    try:
        step(policy, life, wish)
    except NotTheirsError as error:
        raise Problem(403, str(error)) from None
    except IncompleteError as error:
        raise Problem(422, str(error)) from None
    except RefusedError as error:
        raise Problem(409, str(error)) from None


def roles_of(caller: Caller) -> frozenset[str]:
    """Return the roles of lives that a caller has: an administrator decides as a manager does."""
    return frozenset({"manager"} if caller.role == "admin" else {caller.role})


async def record(transaction: Transaction, held: Held, new: Sequence[Entry], by: str) -> None:
    """Add rows to the record, and bring what follows from it up to date."""
    grown = Grown(held.epc, held.story, new)
    for name, values in statements(held.tables, [grown], by, held.now):
        await transaction.run(_SQL[name], values)


async def _tell(
    transaction: Transaction, held: Held, caller: Caller, event_of_: Callable[[Naming], dict[str, Any]]
) -> None:
    """Tell what a person did as an EPCIS event."""
    own = await transaction.one(_EPCIS["site_named"], {"site": held.site})
    event = event_of_(Naming(held.site, own or {}))
    rows = [{**row, "site": held.site} for row in prepare([Told("event", event, ())], caller.id, None).rows]
    await transaction.one(_EPCIS["capture"], {"events": to_json(rows).decode(), "all_or_none": False})


async def settle(transaction: Transaction, held: Held, caller: Caller, step_id: UUID, body: SettlementBody) -> Entry:
    """Settle a contradiction. Raises Problem: 404 where none is open, 409 where the passage leads nowhere."""
    open_ = next((entry for entry in open_contradictions(held.story) if entry.step_id == step_id), None)
    if open_ is None:
        raise not_found("open contradiction", step_id)
    _, standing = life_of(held)
    entry = Entry(
        uuid4(), held.site, held.now + timedelta(microseconds=1), "settled", held.tables.in_force(held.site, held.now),
        standing.life.state, caller.id, reason=body.reason, closes=step_id,
    )  # fmt: skip
    arrives = taken_in(held.tables, standing, open_, entry, uuid4) if body.stands == "passage" else None
    if body.stands == "passage":
        entry = replace(entry, to_state=arrives.to_state if arrives is not None else _led_to(held, open_))
    await record(transaction, held, [entry] if arrives is None else [arrives, entry], caller.id)
    if open_.door is None and body.stands == "passage":
        policy, last = held.tables[entry.policy_id], arrives or entry
        await _tell(transaction, held, caller, lambda naming: taken_in_event(policy, held.epc, last, naming))
    return entry


def _led_to(held: Held, contradiction: Entry) -> str:
    """Return where such a passage leads in the table; never to where goods may be sold, as nobody looked at it."""
    policy = held.tables[held.tables.in_force(held.site, held.now)]
    for transition in policy.transition.values():
        is_away = policy.state[transition.to].disposition in AWAY
        if (
            transition.passage == contradiction.way
            and transition.to not in policy.sellable
            and is_away == (contradiction.way == "out")
        ):
            return transition.to
    raise Problem(409, f"the table has no passage {contradiction.way} to take it by: settle it by the record")


async def tell_presence(transaction: Transaction, held: Held, caller: Caller, *, is_missing: bool, reason: str) -> bool:
    """Note that an item is missing, or was found; False where that is known."""
    began, standing = life_of(held)
    if is_missing == (standing.missing_since is not None):
        return False
    at, policy_id = held.now + timedelta(microseconds=1), held.tables.in_force(held.site, held.now)
    kind: Any = "missing" if is_missing else "found"
    entry = Entry(uuid4(), held.site, at, kind, policy_id, "", caller.id, reason=reason)
    await record(transaction, held, [*began, entry], caller.id)
    return True


def ways_on(policy: Policy, life: Life, caller: Caller, now: datetime) -> list[dict[str, Any]]:
    """Return the transitions that start from where an item is, and whether the caller may take each now."""
    ways = []
    for name, transition in policy.transition.items():
        if life.state not in transition.from_:
            continue
        told: dict[str, Any] = {"grade": "B", "sealed": False} if "grade" in transition.needs else {}
        why_not = None
        try:
            step(policy, life, Wish(name, caller.id, roles_of(caller), now, reason="asked", **told))
        except RefusedError as error:
            why_not = str(error)
        ways.append(
            {
                "transition": name, "to": transition.to, "by": sorted(transition.by), "needs": sorted(transition.needs),
                "is_open": why_not is None, "why_not": why_not,
            }
        )  # fmt: skip
    return ways
