"""What Prometheus is told about gateways, refused batches, ingest and the solver's queue. Pure: rows in, text out.

Source: Prometheus text exposition format 0.0.4, written by prometheus-client.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from tagdock_cloud.health.work_metrics import register_work

Row = Mapping[str, Any]
_OF_A_GATEWAY = ("site", "gateway")
_OF_AN_INGEST = ("client_id",)
_INGEST_COUNTERS = {
    "events_stored": "Events that were stored.",
    "events_doubled": "Events that came again and changed nothing.",
    "batches_committed": "Batches that were committed and acknowledged.",
    "batches_refused": "Batches that were refused.",
}
_INGEST_GAUGES: tuple[tuple[str, str, Callable[[Row], float]], ...] = (
    ("group_events", "Events in the group committed last.", lambda row: row["last_group_events"]),
    ("lag_seconds", "From that group's oldest batch to its commit.", lambda row: row["last_lag_s"]),
    ("commit_timestamp_seconds", "When that was.", lambda row: row["last_committed_at"].timestamp()),
)


def metrics_text(
    *,
    gateways: Iterable[Row],
    refused: Iterable[Row],
    ingests: Iterable[Row],
    queue: Row,
    duties: Iterable[Row],
    deliveries: Row,
    alerts: Iterable[Row],
) -> bytes:
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
    registry.register(_Ingests(ingests))
    Gauge("tagdock_plans_waiting", "Plans that wait for the solver.", registry=registry).set(queue["waiting"])
    Gauge("tagdock_plans_solving", "Plans that are being solved.", registry=registry).set(queue["solving"])
    register_work(registry, duties, deliveries, alerts)
    return generate_latest(registry)


class _Ingests:
    """What each ingest program has done; a restart does not set its counters back, for the database keeps them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics when they are asked for."""
        for column, told in _INGEST_COUNTERS.items():
            counter = CounterMetricFamily(f"tagdock_ingest_{column}", told, labels=_OF_AN_INGEST)
            for row in self._rows:
                counter.add_metric([row["client_id"]], row[column])
            yield counter
        for name, told, value in _INGEST_GAUGES:
            gauge = GaugeMetricFamily(f"tagdock_ingest_last_{name}", told, labels=_OF_AN_INGEST)
            for row in self._rows:
                if row["last_committed_at"] is not None:
                    gauge.add_metric([row["client_id"]], value(row))
            yield gauge


def _gauge(registry: CollectorRegistry, name: str, help_: str) -> Gauge:
    return Gauge(name, help_, _OF_A_GATEWAY, registry=registry)
