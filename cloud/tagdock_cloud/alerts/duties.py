"""The looks that raise and clear alerts, each a duty of its own pace.

A look fills `alert_found` by one statement a kind: a row says what stands against a rule (`is_raised`), or lies within
the rule's dead band, where an open alert stays open. Then four statements, the same for all kinds, choose, keep, raise
and clear.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.duty import Duty

_SQL = load_queries("tagdock_cloud.alerts")
_FOUND = load_queries("tagdock_cloud.alerts", "found.sql")

MOST_OPEN = 1_000
"""Alerts of a site and kind that are open at once: who has a thousand needs no more to see that something is wrong."""
KEEP_DAYS = 365
KEEP_MOST = 500_000


@dataclass(frozen=True, slots=True)
class Look:
    """One look: statements of `found.sql`, the rules they follow (none: it needs none) and the alerts they speak of."""

    name: str
    every_s: float
    finds: Sequence[str]
    rule_kinds: Sequence[str]
    kinds: Sequence[str]


STOCK_KINDS = ("stock_below", "stock_near_below", "stock_above", "stock_near_above")
LOOKS: tuple[Look, ...] = (
    Look("stock", 30.0, ("stock",), ("stock",), STOCK_KINDS),
    Look("bins", 60.0, ("bin_over",), ("bin_over",), ("bin_over",)),
    Look("sensors", 15.0, ("read_sensors", "environment", "sensor_stale"), ("environment", "sensor_stale", "bin_over"),
         ("environment", "sensor_stale")),
    Look("gateways", 10.0, ("gateway_stale",), ("gateway_stale",), ("gateway_stale",)),
    Look("exits", 5.0, ("unordered_exit",), ("unordered_exit",), ("unordered_exit",)),
    Look("dwell", 60.0, ("dwell",), ("dwell",), ("dwell",)),
    Look("unknown_tags", 15.0, ("unknown_tags",), ("unknown_tags",), ("unknown_tags",)),
    Look("read_quality", 60.0, ("read_quality",), ("read_quality",), ("read_quality",)),
    Look("lives", 5.0, ("life_contradiction",), ("life_contradiction",), ("life_contradiction",)),
    Look("reports", 60.0, ("report_failed", "report_undelivered"), (), ("report_failed", "report_undelivered")),
)  # fmt: skip


def look(connection: Connection[DictRow], what: Look) -> None:
    """Look once, within the caller's transaction."""
    values: dict[str, object] = {"rule_kinds": list(what.rule_kinds), "kinds": list(what.kinds), "most_open": MOST_OPEN}
    row = connection.execute(_SQL["is_due"], values).fetchone() if what.rule_kinds else {"due": True}
    if row is None or not row["due"]:
        return
    connection.execute(_SQL["staging"])
    values["sites"] = [site["site"] for site in connection.execute(_SQL["sites"]).fetchall()]
    for name in what.finds:
        connection.execute(_FOUND[name], values)
    for step in ("keep_best", "still_there", "raise", "clear"):
        connection.execute(_SQL[step], values)


def _duty(what: Look) -> Duty:
    return Duty(f"alerts.{what.name}", what.every_s, _run(what))


def _run(what: Look) -> Callable[[Connection[DictRow]], None]:
    return lambda connection: look(connection, what)


def _tidy(connection: Connection[DictRow]) -> None:
    connection.execute(_SQL["forget_old"], {"keep_days": KEEP_DAYS})
    connection.execute(_SQL["forget_many"], {"keep_most": KEEP_MOST})
    connection.execute(_SQL["forget_sensors"])


DUTIES: tuple[Duty, ...] = (*map(_duty, LOOKS), Duty("alerts.tidy", 3600.0, _tidy))
