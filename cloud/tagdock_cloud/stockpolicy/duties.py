"""What is due: classes and outlooks worked out anew, proposals to replenish that follow from them."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.stockpolicy.counts.duties import DUTIES as COUNTS
from tagdock_cloud.stockpolicy.forecast import NORMAL_REACH
from tagdock_cloud.stockpolicy.refill import Face, refill
from tagdock_cloud.stockpolicy.replenish import Limits, Proposal, Rate, Stock, propose
from tagdock_cloud.stockpolicy.rules import WEEKS, Demand, first_week, outlook_rows
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.duty import Duty

_SQL = load_queries("tagdock_cloud.stockpolicy")
EVERY_S = 600.0
SHARES = 100.0
"""Outlooks take a hundredth of a worker's time at most: a large site's are worked out less often."""
REST_DAYS = 7
"""After a proposal was declined nobody is asked for so long."""
_ROWS = 5_000


def look_ahead(connection: Connection[DictRow]) -> None:
    """Work out the outlooks of one site that is due: the others are next, each in a transaction of its own."""
    due = connection.execute(_SQL["due_sites"], {"every_s": EVERY_S, "shares": SHARES}).fetchone()
    if due is not None:
        look_ahead_at(connection, due["site"], datetime.now(UTC).date())


def look_ahead_at(connection: Connection[DictRow], site: str, today: date) -> None:
    """Work out a site's outlooks anew from its orders and flows."""
    began_s = time.monotonic()
    values = {"site": site, "since": first_week(today)}
    rows = connection.execute(_SQL["demand"], values).fetchall()
    demands = {row["sku"]: Demand.of(row, WEEKS + 1) for row in rows}
    stock = {row["sku"]: row["units"] for row in connection.execute(_SQL["kept"], values).fetchall()}
    told = outlook_rows(site, today, demands, stock)
    connection.execute(_SQL["forget_outlooks"], values)
    for start in range(0, len(told), _ROWS):
        rows_told = to_json(told[start : start + _ROWS]).decode()
        connection.execute(_SQL["write_outlooks"], {"rows": rows_told})
    monday = today - timedelta(days=today.weekday())
    ran = {"took_s": time.monotonic() - began_s, "before_week": monday, "skus": len(told)}
    connection.execute(_SQL["ran"], {**values, **ran})


def propose_all(connection: Connection[DictRow]) -> None:
    """Bring the open proposals of all sites up to date."""
    today = datetime.now(UTC).date()
    for row in connection.execute(_SQL["sites"]).fetchall():
        values = {"site": row["site"], "rest_days": REST_DAYS}
        limited = connection.execute(_SQL["limited"], values).fetchall()
        faces = connection.execute(_SQL["faces"], values).fetchall()
        for name, found in (("propose", _proposals(today, limited)), ("propose_refills", _refills(today, faces))):
            connection.execute(_SQL[name], {**values, "rows": to_json(list(found)).decode()})


def _proposals(today: date, limited: list[DictRow]) -> Iterator[dict[str, Any]]:
    for row in limited:
        limits = Limits(row["low"], row["high"], row["safety"], row["lead_days"])
        reach = NORMAL_REACH if row["reach"] is None else row["reach"]
        rate = Rate(row["mean"], row["variance"], reach, row["expected_low"], row["expected_high"])
        found = propose(today, limits, Stock(row["units"], row["promised"], row["announced"]), rate)
        if found is not None:
            yield _told(found, row)


def _refills(today: date, faces: list[DictRow]) -> Iterator[dict[str, Any]]:
    for row in faces:
        face = Face(row["zone"], row["units"], row["coming"], row["elsewhere"], row["per_week"])
        found = refill(today, Limits(row["low"], row["high"]), face)
        if found is not None:
            yield {**_told(found, row), "zone": row["zone"]}


def _told(found: Proposal, row: DictRow) -> dict[str, Any]:
    names = ("quantity", "order_on", "needed_on", "reorder_point", "up_to", "why")
    told = {name: getattr(found, name) for name in names}
    return {**told, "sku": row["sku"], "rule_id": row["rule_id"]}


DUTIES: tuple[Duty, ...] = (
    Duty("stockpolicy.outlook", 15.0, look_ahead, timeout_s=120.0),
    Duty("stockpolicy.replenish", 60.0, propose_all, timeout_s=60.0),
    *COUNTS,
)
