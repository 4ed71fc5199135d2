"""What is taken, refused or left, whatever comes over the wire."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.ingest.admit import Accepted, Bounds, Delivery, Ignored, Refused, Reported, judge
from tagdock_contract import Batch, GatewayAddress, Movement, Status, encode

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BOUNDS = Bounds(ahead=timedelta(hours=1), behind=timedelta(days=3650))
GATEWAY = GatewayAddress("s1", "g1")
EPOCH = UUID(int=7)
Make = Callable[..., Movement]


def delivery(payload: bytes, topic: str = GATEWAY.topic("events"), *, is_retained: bool = False) -> Delivery:
    return Delivery(topic, payload, is_retained, packet_id=1, connection=1)


def payload_of(*events: Movement) -> bytes:
    return encode(Batch(epoch=EPOCH, seq=3, sent_at=NOW, events=events))


def test_takes_a_batch_that_keeps_the_contract(movement: Make) -> None:
    verdict = judge(delivery(payload_of(movement(observed_at=NOW))), NOW, BOUNDS)
    assert isinstance(verdict, Accepted)
    assert (verdict.address, verdict.batch.seq, len(verdict.batch.events)) == (GATEWAY, 3, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"site": "s2"}, "$.events[1].site: is s2, but the topic's site is s1", id="another-site"),
        pytest.param(
            {"observed_at": NOW + timedelta(hours=2)}, "$.events[1].observed_at: more than 1:00:00", id="ahead"
        ),
        pytest.param(
            {"observed_at": NOW - timedelta(days=3651)}, "$.events[1].observed_at: more than 3650", id="behind"
        ),
    ],
)
def test_refuses_by_name_what_the_contract_cannot_know_to_be_wrong(
    movement: Make, changes: dict[str, object], reason: str
) -> None:
    bad = movement(**{"observed_at": NOW, **changes})
    verdict = judge(delivery(payload_of(movement(observed_at=NOW), bad)), NOW, BOUNDS)
    assert isinstance(verdict, Refused)
    assert (verdict.epoch, verdict.seq) == (EPOCH, 3)
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize("offset", [timedelta(hours=1), -timedelta(days=3650)], ids=["ahead", "behind"])
def test_takes_what_lies_right_at_the_bounds(movement: Make, offset: timedelta) -> None:
    assert isinstance(judge(delivery(payload_of(movement(observed_at=NOW + offset))), NOW, BOUNDS), Accepted)


def test_refuses_a_broken_batch_by_the_name_that_could_still_be_read() -> None:
    verdict = judge(delivery(f'{{"v": 1, "epoch": "{EPOCH}", "seq": 9, "events": 5}}'.encode()), NOW, BOUNDS)
    assert isinstance(verdict, Refused)
    assert (verdict.epoch, verdict.seq, verdict.payload[:5]) == (EPOCH, 9, b'{"v":')


def test_takes_a_status_and_notes_that_the_broker_had_kept_it() -> None:
    status = Status(site="s1", gateway="g1", state="online", at=NOW)
    verdict = judge(delivery(encode(status), GATEWAY.topic("status"), is_retained=True), NOW, BOUNDS)
    assert verdict == Reported(GATEWAY, status, is_retained=True)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        pytest.param("elsewhere/v1/s1/g1/events", b"{}", id="another-topic"),
        pytest.param(GATEWAY.topic("ack"), b"{}", id="an-ack"),
        pytest.param(GATEWAY.topic("status"), b"{", id="a-broken-status"),
        pytest.param(
            GATEWAY.topic("status"),
            encode(Status(site="s1", gateway="g2", state="online", at=NOW)),
            id="a-status-of-somebody-else",
        ),
    ],
)
def test_leaves_alone_what_nobody_could_answer(topic: str, payload: bytes) -> None:
    assert isinstance(judge(delivery(payload, topic), NOW, BOUNDS), Ignored)


@given(payload=st.binary(max_size=200), channel=st.sampled_from(["events", "status", "ack", "nonsense"]))
def test_decides_on_any_bytes(payload: bytes, channel: str) -> None:
    judge(delivery(payload, f"tagdock/v1/s1/g1/{channel}"), NOW, BOUNDS)


@given(data=st.data())
def test_decides_on_any_mutilation_of_a_good_batch(data: st.DataObject) -> None:
    good = payload_of(
        Movement(
            event_id=UUID(int=1),
            observed_at=NOW,
            site="s1",
            epc="urn:epc:raw:96.x30",
            epc_hex="30",
            direction="out",
            confidence=1.0,
            door="D1",
            evidence={"reads": 1},
        )
    )
    at = data.draw(st.integers(0, len(good)))
    length = data.draw(st.integers(0, 20))
    verdict = judge(delivery(good[:at] + data.draw(st.binary(max_size=20)) + good[at + length :]), NOW, BOUNDS)
    assert isinstance(verdict, Accepted | Refused)
