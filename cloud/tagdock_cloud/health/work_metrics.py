"""What Prometheus is told about due work, deliveries and alerts. Pure: rows in, metrics out."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

Row = Mapping[str, Any]


def register_work(registry: CollectorRegistry, duties: Iterable[Row], deliveries: Row, alerts: Iterable[Row]) -> None:
    """Add what the worker does. A duty's time that grows old says that no worker runs; -1: it never was done."""
    done = Gauge("tagdock_duty_done_timestamp_seconds", "When a duty was last done.", ("duty",), registry=registry)
    failures = Gauge("tagdock_duty_failures", "How often in a row it failed.", ("duty",), registry=registry)
    for row in duties:
        done.labels(row["duty"]).set(-1 if row["done_at"] is None else row["done_at"].timestamp())
        failures.labels(row["duty"]).set(row["failures"])
    queue = Gauge(
        "tagdock_deliveries", "Messages to webhooks that wait, or were given up.", ("state",), registry=registry
    )
    for state in ("waiting", "dead"):
        queue.labels(state).set(deliveries[state])
    is_open = Gauge("tagdock_alerts_open", "Alerts whose cause is there.", ("site", "severity"), registry=registry)
    for row in alerts:
        is_open.labels(row["site"], row["severity"]).set(row["alerts"])
