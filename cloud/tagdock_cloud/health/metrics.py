"""What Prometheus is told about gateways, refused batches, ingest and the solver's queue. Pure: rows in, text out.

Source: Prometheus text exposition format 0.0.4, written by prometheus-client.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

_OF_A_GATEWAY = ("site", "gateway")
_INGEST_COUNTERS = {
    "events_stored": "Events that were stored.",
    "events_doubled": "Events that came again and changed nothing.",
    "batches_committed": "Batches that were committed and acknowledged.",
    "batches_refused": "Batches that were refused.",
}
Row = Mapping[str, Any]


def metrics_text(gateways: Iterable[Row], refused: Iterable[Row], ingests: Iterable[Row], queue: Row) -> bytes:
    """Write the metrics; times as Unix seconds, absent where nothing was heard yet."""
    registry = CollectorRegistry()
    seen = _gauge(registry, "tagdock_gateway_last_seen_timestamp_seconds", "When a gateway's last status came in.")
    stored = _gauge(registry, "tagdock_gateway_last_event_timestamp_seconds", "When its last event was stored.")
    waiting = _gauge(registry, "tagdock_gateway_outbox_events", "Events that wait in its outbox.")
    up = _gauge(registry, "tagdock_gateway_up", "1 while its word is fresh, else 0.")
    readers = _gauge(registry, "tagdock_gateway_readers_up", "Readers that it is connected to.")
    for row in gateways:
        names = [row[name] for name in _OF_A_GATEWAY]
        up.labels(*names).set(row["freshness"] == "fresh")
        waiting.labels(*names).set(row["outbox_events"])
        readers.labels(*names).set(sum(1 for reader in row["readers"] if reader.get("state") == "up"))
        for gauge, at in ((seen, row["last_seen_at"]), (stored, row["last_event_stored_at"])):
            if at is not None:
                gauge.labels(*names).set(at.timestamp())
    batches = _gauge(registry, "tagdock_refused_batches", "Batches that were refused and are kept with their reason.")
    for row in refused:
        batches.labels(*(row[name] for name in _OF_A_GATEWAY)).set(row["batches"])
    _tell_ingests(registry, ingests)
    Gauge("tagdock_plans_waiting", "Plans that wait for the solver.", registry=registry).set(queue["waiting"])
    Gauge("tagdock_plans_solving", "Plans that are being solved.", registry=registry).set(queue["solving"])
    return generate_latest(registry)


def _tell_ingests(registry: CollectorRegistry, ingests: Iterable[Row]) -> None:
    """Tell what each ingest program has done; a restart does not set its counters back, for the database keeps them."""
    names = ("client_id",)
    counters = {
        column: Counter(f"tagdock_ingest_{column}", told, names, registry=registry)
        for column, told in _INGEST_COUNTERS.items()
    }
    group = Gauge("tagdock_ingest_last_group_events", "Events in the group committed last.", names, registry=registry)
    lag = Gauge(
        "tagdock_ingest_last_lag_seconds", "From that group's oldest batch to its commit.", names, registry=registry
    )
    at = Gauge("tagdock_ingest_last_commit_timestamp_seconds", "When that was.", names, registry=registry)
    for row in ingests:
        for column, counter in counters.items():
            counter.labels(row["client_id"]).inc(row[column])
        if row["last_committed_at"] is not None:
            group.labels(row["client_id"]).set(row["last_group_events"])
            lag.labels(row["client_id"]).set(row["last_lag_s"])
            at.labels(row["client_id"]).set(row["last_committed_at"].timestamp())


def _gauge(registry: CollectorRegistry, name: str, help_: str) -> Gauge:
    return Gauge(name, help_, _OF_A_GATEWAY, registry=registry)
