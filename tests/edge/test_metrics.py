"""The metrics: what Prometheus reads, what a restarter hears, and clients that do harm."""

import contextlib
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tagdock_contract import ReaderStatus, Status
from tagdock_edge.config import MetricsConfig
from tagdock_edge.errors import MetricsError
from tagdock_edge.health import ALIVE_WITHIN_S, Health
from tagdock_edge.metrics import CLIENTS_AT_MOST, MetricsServer

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
STATUS = Status(
    site="s1",
    gateway="gw-1",
    state="online",
    at=AT,
    outbox_events=7,
    outbox_refused_batches=1,
    oldest_unacked_at=AT - timedelta(seconds=90),
    readers=(
        ReaderStatus("dock-1", "up", AT - timedelta(seconds=2), 900, "", 0.25),
        ReaderStatus("dock 2", "down", detail="cut"),
    ),
)
MOVED = {"in": 3, "out": 4, "pass": 5, "uncertain": 0}
HEALTH = Health(STATUS, True, 0.02, 40, 12, MOVED, {"reads_late": 6}, {"dock 2": 12.5}, {("D1", "inside"): True})


class Served:
    """A server over a health that the test may change."""

    def __init__(self) -> None:
        self.health = HEALTH
        self.server = MetricsServer(MetricsConfig("127.0.0.1", 0), lambda: self.health)
        self.server.start()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def served() -> Iterator[Served]:
    one = Served()
    yield one
    one.server.close()


def test_prometheus_reads_what_the_gateway_knows(served: Served) -> None:
    code, text = served.get("/metrics")
    assert code == 200
    samples = {
        (sample.name.removeprefix("tagdock_edge_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples == {
        ("broker_up",): 1,
        ("step_age_seconds",): 0.02,
        ("waiting_reads",): 40,
        ("open_tags",): 12,
        ("movements_total", "in"): 3,
        ("movements_total", "out"): 4,
        ("movements_total", "pass"): 5,
        ("movements_total", "uncertain"): 0,
        ("lost_total", "reads_late"): 6,
        ("outbox_events",): 7,
        ("outbox_refused_batches",): 1,
        ("outbox_oldest_age_seconds",): 90,
        ("reader_up", "dock-1"): 1,
        ("reader_up", "dock 2"): 0,
        ("reads_total", "dock-1"): 900,
        ("reads_total", "dock 2"): 0,
        ("reader_unreachable_seconds_total", "dock-1"): 0,
        ("reader_unreachable_seconds_total", "dock 2"): 12.5,
        ("last_read_timestamp_seconds", "dock-1"): (AT - timedelta(seconds=2)).timestamp(),
        ("reader_clock_offset_seconds", "dock-1"): 0.25,
        ("photo_eye_mute", "D1", "inside"): 1,
    }


def test_a_gateway_that_hangs_is_told_apart_from_one_without_a_broker(served: Served) -> None:
    served.health = replace(HEALTH, broker_up=False)
    assert served.get("/healthz") == (200, "alive\n")
    served.health = replace(HEALTH, stepped_s_ago=ALIVE_WITHIN_S)
    assert served.get("/healthz") == (503, "hangs\n")


def test_nothing_else_is_there(served: Served) -> None:
    assert served.get("/")[0] == 404


def test_clients_that_say_nothing_fill_no_more_than_their_places(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        address = ("127.0.0.1", served.server.port)
        idle = [stack.enter_context(socket.create_connection(address, 5)) for _ in range(CLIENTS_AT_MOST)]
        surplus = stack.enter_context(socket.create_connection(address, 5))
        assert surplus.recv(1) == b""  # cut off at once, the idle ones are still waited for
        idle[0].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert idle[0].recv(100).startswith(b"HTTP/1.0 200")


def test_an_address_that_is_taken_is_named(served: Served) -> None:
    with pytest.raises(MetricsError, match=rf"127.0.0.1:{served.server.port} can't be had"):
        MetricsServer(MetricsConfig("127.0.0.1", served.server.port), lambda: HEALTH)
