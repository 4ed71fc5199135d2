"""What is due: tasks are opened, dealt out, noticed to be done, reminded of, and told to managers where overdue."""

from datetime import UTC, datetime

from pydantic_core import to_json

from tagdock_cloud.corrections.tail import follow
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.asking import ask_to_pick, ask_to_put_away, call_off_all
from tagdock_cloud.tasks.rules import HAND, Person, Waiting, deal, excluded
from tagdock_cloud.work.duty import Duty

MOST_DEALT = 500
"""Tasks that are looked at in one dealing; the next one comes a second later."""
LONGEST_SHIFT_H = 16
"""Longer than any shift that labour law knows (directive 2003/88/EC leaves eleven hours' rest a day), with overtime."""

_SQL = load_queries("tagdock_cloud.tasks")


def deal_out(connection: Connection[DictRow]) -> None:
    """Deal out what waits. Safe beside other dealers: they wait for each other, and no task is given twice."""
    connection.execute(_SQL["lock_deal"])
    rows = connection.execute(_SQL["waiting"], {"hand": HAND, "rows": MOST_DEALT}).fetchall()
    if not rows:
        return
    waiting = [_waiting(row) for row in rows]
    people = [Person(**row) for row in connection.execute(_SQL["people"]).fetchall()]
    dealt = deal(waiting, people, datetime.now(UTC))
    if dealt:
        told = [{"task_id": one.task_id, "person": one.person, "why": one.why} for one in dealt]
        connection.execute(_SQL["deal"], {"dealt": to_json(told).decode()})


def _waiting(row: DictRow) -> Waiting:
    names = ("task_id", "site", "role", "priority", "due_at", "opened_at")
    return Waiting(**{name: row[name] for name in names}, not_for=excluded(row))


def notice(connection: Connection[DictRow]) -> None:
    """End the tasks that what moved since the last time shows to be done, and open those that it asks for."""
    sites = [row["site"] for row in connection.execute(_SQL["sites"]).fetchall()]
    for after, upto in follow(connection, "tasks", sites):
        values = {"sites": sites, "after": after, "upto": upto}
        epcs = [row["epc"] for row in connection.execute(_SQL["passed"], values).fetchall()]
        connection.execute(_SQL["noticed"], {"epcs": epcs})
        ask_to_put_away(connection, epcs)


def notice_all(connection: Connection[DictRow]) -> None:
    """End whatever is done by now: what was registered, settled or corrected moved nothing."""
    connection.execute(_SQL["noticed"], {"epcs": None})
    connection.execute(_SQL["noticed_units"])
    connection.execute(_SQL["noticed_orders"])
    call_off_all(connection)


def watch(connection: Connection[DictRow]) -> None:
    """Remind, escalate, and end shifts that nobody ended."""
    for row in connection.execute(_SQL["end_shifts"], {"hours": LONGEST_SHIFT_H}).fetchall():
        connection.execute(_SQL["lay_down"], row)
    connection.execute(_SQL["remind"])
    connection.execute(_SQL["escalate"])
    connection.execute(_SQL["tell_overdue"])


DUTIES: tuple[Duty, ...] = (
    Duty("tasks.notice", 1.0, notice),
    Duty("tasks.notice_all", 60.0, notice_all),
    Duty("tasks.pick", 5.0, ask_to_pick),
    Duty("tasks.deal", 1.0, deal_out),
    Duty("tasks.watch", 15.0, watch),
)
