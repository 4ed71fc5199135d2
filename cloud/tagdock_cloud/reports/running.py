"""Asking for what is due, and working it out, within a worker's transaction.

A period is asked for once, whoever gets there first: its row is unique. Its figures, its state and the messages that
tell of it are written in one transaction, so a worker that is killed has told nothing, and the next one begins anew.
"""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.reports import periods
from tagdock_cloud.reports.rules import build
from tagdock_cloud.reports.telling import message
from tagdock_cloud.store.pool import Connection, DictRow, translated
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.reports")

MOST_DUE = 50
MOST_SITES = 1_000
AT_ONCE_S = 5.0
"""Results are worked out for so long in one transaction."""
WAITS_S = (60.0, 300.0, 1800.0, 7200.0)
"""After a failure, before the next attempt; after the last of them it has failed."""
KEEP_DAYS = 400
KEEP_MOST = 200
_SNAPSHOT = ("name", "kpis", "by_person", "period", "time_zone", "language", "formats", "send_to")


def asking(report: Mapping[str, Any], first: date, by: str, *, is_scheduled: bool, is_sent: bool) -> dict[str, Any]:
    """Return the values that ask for a period of a report; `first`: its first day."""
    period, zone = report["period"], report["time_zone"]
    after, before = periods.following(period, first), periods.former(period, first)
    asked = {name: report[name] for name in _SNAPSHOT} | {"first_day": first, "next_day": after, "former_day": before}
    return {
        "report_id": report["report_id"], "sites": report["sites"], "asked": to_json(asked).decode(), "asked_by": by,
        "since": periods.starts_at(first, zone), "until": periods.starts_at(after, zone),
        "former_since": periods.starts_at(before, zone), "is_scheduled": is_scheduled, "is_sent": is_sent,
    }  # fmt: skip


def ask_due(connection: Connection[DictRow], now: datetime | None = None) -> None:
    """Ask for every period whose report is due, also for those that were missed, and note when the next one is."""
    now = now or datetime.now(UTC)
    for report in connection.execute(_SQL["due"], {"now": now, "most": MOST_DUE}).fetchall():
        clock = report["runs_at"], report["time_zone"], now
        for first in periods.missed(report["period"], report["next_day"], *clock):
            connection.execute(_SQL["ask"], asking(report, first, "tagdock", is_scheduled=True, is_sent=True))
        connection.execute(_SQL["go_on"], {"report_id": report["report_id"], **following_run(report, now)})


def following_run(report: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return where the next period of a report begins, and when it is due."""
    period, runs_at, zone = report["period"], report["runs_at"], report["time_zone"]
    next_day = periods.next_due(period, runs_at, zone, now)
    return {"next_day": next_day, "next_at": periods.due_at(period, next_day, runs_at, zone)}


def work_out(connection: Connection[DictRow]) -> None:
    """Work out what waits, the oldest first, one after the other for a few seconds."""
    until_s = time.monotonic() + AT_ONCE_S
    while time.monotonic() < until_s:
        result = connection.execute(_SQL["waiting"]).fetchone()
        if result is None:
            return
        try:
            with translated(), connection.transaction():
                _work_out_one(connection, result)
        except Exception as error:  # one report that cannot be written holds up no other
            attempts = result["attempts"]
            wait_s = WAITS_S[attempts] if attempts < len(WAITS_S) else None
            said = f"{type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"
            connection.execute(_SQL["failed"], {"result_id": result["result_id"], "wait_s": wait_s, "error": said})


def tidy(connection: Connection[DictRow]) -> None:
    """Forget results that are old, and of each report all but the newest."""
    connection.execute(_SQL["forget_old"], {"keep_days": KEEP_DAYS})
    connection.execute(_SQL["forget_many"], {"keep_most": KEEP_MOST})


def _work_out_one(connection: Connection[DictRow], result: DictRow) -> None:
    asked = result["asked"]
    values = {name: result[name] for name in ("sites", "since", "until", "former_since")} | {"kpis": asked["kpis"]}
    counted = connection.execute(_SQL["figures"], values, prepare=False).fetchall()  # planned for these figures only
    if asked["by_person"]:
        counted += connection.execute(_SQL["figures_of_people"], values, prepare=False).fetchall()
    sites = result["sites"]
    if sites is None:
        sites = [row["site"] for row in connection.execute(_SQL["sites"], {"most": MOST_SITES}).fetchall()]
    rows, left_out = build(asked["kpis"], sites, counted)
    figures = to_json({"rows": rows, "left_out": left_out}).decode()
    connection.execute(_SQL["done"], {"result_id": result["result_id"], "figures": figures})
    if result["is_sent"]:
        named = {"webhooks": [UUID(one) for one in asked["send_to"]], "of": result["sites"]}
        for receiver in connection.execute(_SQL["receivers"], named).fetchall():
            body = to_json(message(receiver["url"], result, rows)).decode()
            connection.execute(_SQL["tell"], {"webhook_id": receiver["webhook_id"], "body": body})
