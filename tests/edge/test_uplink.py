"""The uplink against a real broker: killed, restarted, silent, refusing; nothing lost, nothing changed."""

import contextlib
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import (
    Ack,
    Batch,
    GatewayAddress,
    ReaderEvent,
    Refusal,
    Status,
    content_uuid7,
    decode_batch,
    decode_status,
    encode,
)
from tagdock_edge.config import BrokerConfig, OutboxConfig, TlsConfig
from tagdock_edge.errors import BrokerError
from tagdock_edge.outbox import Outbox, retry_refused
from tagdock_edge.uplink import Pace, Uplink, check_broker

ADDRESS = GatewayAddress("s1", "gw-1")
FAST = Pace(fill_s=0.05, window=4, ack_s=0.4, connect_s=3.0, retry_first_s=0.05, retry_longest_s=0.2, status_s=0.5)


def event(number: int) -> ReaderEvent:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    return ReaderEvent(content_uuid7(1_767_600_000_000, str(number)), at, "s1", "dock-1", "up", detail=str(number))


def until(done: Callable[[], Any], within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


class Cloud:
    """The other side: takes batches, and acks them as `answer` says."""

    def __init__(self, port: int) -> None:
        self.batches: list[Batch] = []
        self.statuses: list[Status] = []
        self.answer: Callable[[Batch], Ack | None] = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud", clean_session=False)
        self._client.on_message = self._on_message
        topics = [(ADDRESS.topic("events"), 1), (ADDRESS.topic("status"), 1)]
        self._client.on_connect = lambda *_: self._client.subscribe(topics)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def seqs(self) -> list[int]:
        return [batch.seq for batch in self.batches]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("status"):
            self.statuses.append(decode_status(message.payload))
            return
        batch = decode_batch(message.payload)
        self.batches.append(batch)
        ack = self.answer(batch)
        if ack is not None:
            client.publish(ADDRESS.topic("ack"), encode(ack), qos=1)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    one = Outbox(OutboxConfig(tmp_path / "outbox.sqlite", "normal"))
    yield one
    one.close()


@pytest.fixture
def cloud(broker: Any) -> Iterator[Cloud]:
    one = Cloud(broker.port)
    yield one
    one.close()


@pytest.fixture
def start(broker: Any, outbox: Outbox) -> Iterator[Callable[[], Uplink]]:
    running: list[tuple[Uplink, threading.Thread]] = []

    def status(online: bool) -> Status:
        return Status(site="s1", gateway="gw-1", state="online" if online else "offline", at=datetime.now(UTC))

    def run() -> Uplink:
        uplink = Uplink(ADDRESS, BrokerConfig("127.0.0.1", broker.port), outbox, status, FAST)
        running.append((uplink, threading.Thread(target=uplink.run)))
        running[-1][1].start()
        return uplink

    yield run
    for uplink, thread in running:
        uplink.stop()
        thread.join(30)
        assert not thread.is_alive()


def send(outbox: Outbox, uplink: Uplink, *numbers: int) -> None:
    outbox.add([event(number) for number in numbers])
    uplink.notify()


def test_events_reach_the_cloud_and_leave_the_outbox_when_acked(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]
) -> None:
    uplink = start()
    send(outbox, uplink, *range(250))
    until(lambda: outbox.fill().events == 0)
    assert [one.event_id for batch in cloud.batches for one in batch.events] == [event(n).event_id for n in range(250)]
    assert [len(batch.events) for batch in cloud.batches] == [100, 100, 50]


def test_a_lonely_event_does_not_wait_long(outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]) -> None:
    uplink = start()
    until(lambda: cloud.statuses)
    began = time.monotonic()
    send(outbox, uplink, 1)
    until(lambda: cloud.batches)
    assert time.monotonic() - began < 1.0


def test_what_is_not_acked_is_sent_again_as_it_was(outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]) -> None:
    cloud.answer = lambda batch: None
    uplink = start()
    send(outbox, uplink, 1, 2)
    until(lambda: len(cloud.batches) >= 2)
    first, again = cloud.batches[:2]
    assert (first.epoch, first.seq, first.events) == (again.epoch, again.seq, again.events)
    assert outbox.fill().events == 2
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
    until(lambda: outbox.fill().events == 0)


def test_batches_on_the_way_are_bounded_and_resent_in_order(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]
) -> None:
    cloud.answer = lambda batch: None
    outbox.add([event(number) for number in range(1000)])
    start()
    until(lambda: len(cloud.batches) >= 8)
    assert cloud.seqs()[:8] == [1, 2, 3, 4, 1, 2, 3, 4]


def test_a_refused_batch_is_parked_and_the_next_ones_go_on(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.answer = lambda batch: (
        Ack(epoch=batch.epoch, refused=(Refusal(1, "unknown gateway"),))
        if batch.seq == 1
        else Ack(epoch=batch.epoch, committed=(batch.seq,))
    )
    uplink = start()
    send(outbox, uplink, 1)
    until(lambda: outbox.fill().refused_batches == 1)
    send(outbox, uplink, 2)
    until(lambda: 2 in cloud.seqs() and outbox.fill().events == 1)
    assert "batch 1 was refused and is parked (unknown gateway)" in caplog.text


@pytest.mark.parametrize("ack", [b"nonsense", b"{}", encode(Ack(epoch=UUID(int=0), committed=(1,)))])
def test_an_ack_that_is_not_ours_changes_nothing(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], ack: bytes
) -> None:
    cloud.answer = lambda batch: None
    uplink = start()
    send(outbox, uplink, 1)
    until(lambda: cloud.batches)
    cloud._client.publish(ADDRESS.topic("ack"), ack, qos=1)
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
    until(lambda: outbox.fill().events == 0)
    assert len(cloud.batches) >= 2


@pytest.mark.parametrize("word", ["committed", "refused"])
def test_a_batch_that_nobody_sent_can_not_be_acked(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], word: str
) -> None:
    unsent = range(FAST.window + 1, FAST.window + 3)
    false: dict[str, dict[str, Any]] = {
        "committed": {"committed": tuple(unsent)},
        "refused": {"refused": tuple(Refusal(seq, "no") for seq in unsent)},
    }
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, **false[word]) if batch.seq == 1 else None
    uplink = start()
    send(outbox, uplink, *range(100 * FAST.window))  # the window is full
    until(lambda: len(cloud.batches) >= FAST.window)
    send(outbox, uplink, *range(1000, 1200))
    outbox.form(2)
    until(lambda: len(cloud.batches) >= 3 * FAST.window)  # all of it was sent again, and the false ack came again
    assert (outbox.fill().events, outbox.fill().refused_batches) == (100 * FAST.window + 200, 0)
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
    until(lambda: outbox.fill().events == 0)
    assert {*unsent} <= {*cloud.seqs()}


def test_acks_that_flood_in_change_nothing_and_are_bounded(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]
) -> None:
    cloud.answer = lambda batch: None
    uplink = start()
    send(outbox, uplink, 1)
    until(lambda: cloud.batches)
    foreign = encode(Ack(epoch=UUID(int=0), committed=tuple(range(1000))))
    for _ in range(1500):
        uplink._on_message(ADDRESS.topic("ack"), foreign, False)
        assert len(uplink._acks) <= 1000
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
    until(lambda: outbox.fill().events == 0)


def test_what_a_broker_hands_over_unasked_is_neither_taken_nor_complained_about(
    outbox: Outbox, start: Callable[[], Uplink], caplog: pytest.LogCaptureFixture
) -> None:
    uplink = start()
    foreign = GatewayAddress(ADDRESS.site, "another")
    uplink._on_message(foreign.topic("status"), b'{"v": 1, "state": "online"}', True)
    uplink._on_message(foreign.topic("ack"), encode(Ack(epoch=outbox.epoch, committed=(1,))), True)
    assert uplink._acks == []
    assert "ack was refused" not in caplog.text


def test_a_parked_batch_that_is_retried_is_sent_by_the_running_gateway(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], tmp_path: Path
) -> None:
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, refused=(Refusal(batch.seq, "unknown bin"),))
    uplink = start()
    send(outbox, uplink, 1)
    until(lambda: outbox.fill().refused_batches == 1)
    cloud.answer = lambda batch: Ack(epoch=batch.epoch, committed=(batch.seq,))
    send(outbox, uplink, 2)
    until(lambda: outbox.fill().events == 1)
    assert retry_refused(tmp_path / "outbox.sqlite") == 1
    until(lambda: outbox.fill().events == 0)
    assert cloud.seqs() == [1, 2, 1]


def test_a_clock_that_is_set_back_stops_nothing(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], monkeypatch: pytest.MonkeyPatch
) -> None:
    uplink = start()
    send(outbox, uplink, 1)
    until(lambda: outbox.fill().events == 0)
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() - 86_400)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() - 86_400 * 10**9)
    send(outbox, uplink, 2)
    until(lambda: outbox.fill().events == 0)
    assert cloud.seqs() == [1, 2]


def test_a_disk_without_room_for_a_batch_is_told_and_tried_again(
    outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uplink = start()
    until(lambda: cloud.statuses)
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)) as other:
        outbox._file.db.execute("PRAGMA busy_timeout = 100")
        outbox.add([event(1)])
        other.execute("BEGIN IMMEDIATE")
        uplink.notify()
        until(lambda: "another program keeps it locked" in caplog.text)
        other.execute("ROLLBACK")
    until(lambda: outbox.fill().events == 0)


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    broker: Any, outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]
) -> None:
    uplink = start()
    send(outbox, uplink, *range(10))
    until(lambda: outbox.fill().events == 0)
    broker.kill()
    send(outbox, uplink, *range(10, 400))
    time.sleep(0.3)
    assert outbox.fill().events == 390
    broker.start()
    until(lambda: outbox.fill().events == 0)
    assert {one.event_id for batch in cloud.batches for one in batch.events} == {event(n).event_id for n in range(400)}
    by_seq = {batch.seq: batch.events for batch in cloud.batches}
    assert all(by_seq[batch.seq] == batch.events for batch in cloud.batches)


def test_a_broker_that_is_not_there_is_told_once(
    broker: Any, outbox: Outbox, start: Callable[[], Uplink], caplog: pytest.LogCaptureFixture
) -> None:
    broker.kill()
    uplink = start()
    time.sleep(1.0)
    uplink.stop()
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "can't be reached" in told[0].message


def test_another_gateway_with_the_same_id_is_told(
    broker: Any, outbox: Outbox, start: Callable[[], Uplink], caplog: pytest.LogCaptureFixture
) -> None:
    uplink = start()
    until(lambda: uplink.connected)
    check_broker(ADDRESS, BrokerConfig("127.0.0.1", broker.port), 5.0)
    until(lambda: f"look for another gateway with the id {ADDRESS.gateway}" in caplog.text)
    until(lambda: uplink.connected)


def test_the_status_is_retained_and_says_offline_at_the_end(
    broker: Any, outbox: Outbox, cloud: Cloud, start: Callable[[], Uplink]
) -> None:
    uplink = start()
    until(lambda: [one.state for one in cloud.statuses][-1:] == ["online"])
    seen: list[bool] = []
    late = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="late")
    late.on_message = lambda *args: seen.append(args[2].retain)
    late.connect("127.0.0.1", broker.port)
    late.subscribe(ADDRESS.topic("status"), 1)
    late.loop_start()
    until(lambda: seen)
    late.disconnect()
    late.loop_stop()
    assert seen == [True]
    uplink.stop()
    until(lambda: cloud.statuses[-1].state == "offline")


def test_wrong_credentials_are_told_with_the_remedy(locked_broker: Any) -> None:
    check_broker(ADDRESS, BrokerConfig("127.0.0.1", locked_broker.port, password="right"), 3.0)
    with pytest.raises(BrokerError, match="check the user's name and password") as caught:
        check_broker(ADDRESS, BrokerConfig("127.0.0.1", locked_broker.port, password="wrong"), 3.0)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "told"), [("no-such-host.invalid", "can't be reached"), ("127.0.0.1", "can't be reached")]
)
def test_an_unreachable_broker_is_told(host: str, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(BrokerError, match=told):
        check_broker(ADDRESS, BrokerConfig(host, port), 2.0)


def test_a_server_that_says_nothing_is_told_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        with pytest.raises(BrokerError, match="is it an MQTT broker"):
            check_broker(ADDRESS, BrokerConfig("127.0.0.1", mute.getsockname()[1]), 0.5)
        assert time.monotonic() - began < 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho drops a socket it can't secure
def test_tls_with_our_own_authority(tls_broker: Any) -> None:
    ca = tls_broker.ca_file
    check_broker(ADDRESS, BrokerConfig("localhost", tls_broker.port, TlsConfig(ca_file=ca)), 5.0)
    with pytest.raises(BrokerError, match="certificate"):
        check_broker(ADDRESS, BrokerConfig("localhost", tls_broker.port, TlsConfig()), 5.0)
