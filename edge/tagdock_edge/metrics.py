"""`/metrics` for Prometheus and `/healthz` for whoever restarts what hangs. Only this knows prometheus_client.

Source: Prometheus text exposition format 0.0.4; names as Prometheus' naming practices ask (base units, `_total`).
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from tagdock_edge.config import MetricsConfig
from tagdock_edge.errors import MetricsError
from tagdock_edge.health import Health, is_alive

CLIENTS_AT_MOST = 8
"""Requests answered at a time; whoever comes on top of them is cut off."""
_PATIENCE_S = 5.0
"""How long a client may take for its request."""


class MetricsServer:
    """A small web server on a thread of its own."""

    def __init__(self, config: MetricsConfig, health: Callable[[], Health]) -> None:
        """Listen; nothing is answered before `start`. Raises MetricsError where the address can't be had."""
        registry = CollectorRegistry()
        registry.register(_Collector(health))
        try:
            self._server = _Server((config.host, config.port), _handler(registry, health))
        except (OSError, OverflowError) as error:
            raise MetricsError(
                f"[metrics] listen: {config.host}:{config.port} can't be had ({error}); give another address"
            ) from error
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True).start()

    def close(self) -> None:
        """End; requests under way are not waited for."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Answers a few clients at a time, so that nobody can fill the gateway with threads."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._places = threading.BoundedSemaphore(CLIENTS_AT_MOST)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that broke off is not the operator's business."""


def _handler(registry: CollectorRegistry, health: Callable[[], Health]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S
        server_version = "tagdock-edge"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/healthz":
                alive = is_alive(health())
                self._answer(200 if alive else 503, "text/plain", b"alive\n" if alive else b"hangs\n")
            else:
                self._answer(404, "text/plain", b"/metrics and /healthz are here\n")

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a scrape every few seconds is no news."""

    return Handler


class _Collector:
    """Turns one look at the gateway into metric families."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        health = self._health()
        yield _gauge("broker_up", "1 while the connection to the broker stands", float(health.broker_up))
        yield _gauge("step_age_seconds", "since the gateway last took what readers had for it", health.stepped_s_ago)
        yield _gauge("waiting_reads", "reads that are not worked on yet", health.waiting_reads)
        yield _gauge("open_tags", "tags in a field, or that left it just now", health.open_tags)
        yield _counter("movements", "movements reported", "direction", health.movements)
        yield _counter("lost", "what had to be let go", "what", health.lost)
        yield from _of_the_outbox(health)
        yield from _of_the_readers(health)
        yield _of_the_eyes(health)


def _of_the_outbox(health: Health) -> Iterator[Metric]:
    status = health.status
    yield _gauge("outbox_events", "events that wait for the cloud's ack", status.outbox_events)
    yield _gauge("outbox_refused_batches", "batches that the cloud refused", status.outbox_refused_batches)
    oldest = status.oldest_unacked_at
    age_s = 0.0 if oldest is None else max((status.at - oldest).total_seconds(), 0.0)
    yield _gauge("outbox_oldest_age_seconds", "age of the oldest event that waits", age_s)


def _of_the_readers(health: Health) -> Iterator[Metric]:
    readers, away_s = health.status.readers, health.unreachable_s
    up = GaugeMetricFamily("tagdock_edge_reader_up", "1 while the reader works", labels=["reader"])
    reads = CounterMetricFamily("tagdock_edge_reads", "reads of each reader", labels=["reader"])
    last = GaugeMetricFamily(
        "tagdock_edge_last_read_timestamp_seconds", "when the reader's last tag was read", labels=["reader"]
    )
    offset = GaugeMetricFamily(
        "tagdock_edge_reader_clock_offset_seconds", "how far the reader's clock is ahead of ours", labels=["reader"]
    )
    away = CounterMetricFamily(
        "tagdock_edge_reader_unreachable_seconds",
        "for how long the reader could not be reached: what passed meanwhile may not have been read",
        labels=["reader"],
    )
    for reader in readers:
        up.add_metric([reader.name], float(reader.state == "up"))
        reads.add_metric([reader.name], reader.reads)
        away.add_metric([reader.name], away_s.get(reader.name, 0.0))
        if reader.last_read_at is not None:
            last.add_metric([reader.name], reader.last_read_at.timestamp())
        if reader.clock_offset_s is not None:
            offset.add_metric([reader.name], reader.clock_offset_s)
    yield from (up, reads, away, last, offset)


def _of_the_eyes(health: Health) -> Metric:
    words = "1 while a photo-eye is stuck or silent, so that passages are judged without it"
    mute = GaugeMetricFamily("tagdock_edge_photo_eye_mute", words, labels=["door", "side"])
    for (door, side), is_mute in health.mute_eyes.items():
        mute.add_metric([door, side], float(is_mute))
    return mute


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tagdock_edge_{name}", words, value=value)


def _counter(name: str, words: str, label: str, values: Any) -> Metric:
    family = CounterMetricFamily(f"tagdock_edge_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
