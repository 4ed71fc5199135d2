"""A batch counts as handed over when the cloud's ack names it, not before; what is refused is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tagdock_contract import Ack, Batch, GatewayAddress, Movement, Refusal, decode_batch, encode
from tagdock_simulators.demo import wire as module
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.wire import Wire, crossed, placed
from tagdock_simulators.epc import sgtin96
from tagdock_simulators.fixtures import mqtt_broker  # noqa: F401  # a fixture
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Hello, Message, Patience

ADDRESS = GatewayAddress("demo", "gw-1")
AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
Answer = Callable[[Batch], Ack | None]


def events(count: int) -> list[Movement]:
    return [crossed(sgtin96("5712345", "081234", number), "D1", "out", AT) for number in range(count)]


def hand_over(broker: Mosquitto, answer: Answer, told: list[Movement]) -> list[Batch]:
    """Hand events over to a cloud that answers each batch so; return the batches that it got."""
    came: list[Batch] = []
    address = Broker("127.0.0.1", broker.port)
    cloud = Link("cloud", address, Patience(), print, resends=False)

    async def take() -> None:
        while cloud.up and not cloud.closing:
            for message in cloud.line.heard():
                came.append(decode_batch(message.payload))
                ack = answer(came[-1])
                if ack is not None:
                    cloud.send(Message(ADDRESS.topic("ack"), encode(ack), 1))
            await cloud.rest()

    async def live() -> None:
        await cloud.start(lambda: Hello("cloud", subscriptions=((ADDRESS.topic("events"), 1),)), take, 30.0)
        try:
            async with Wire(ADDRESS, address, lambda: AT) as wire:
                await wire.hand_over(told)
        finally:
            await cloud.close()

    asyncio.run(live())
    return came


def committed(batch: Batch) -> Ack:
    return Ack(epoch=batch.epoch, committed=(batch.seq,))


def test_everything_arrives_in_batches_and_in_order(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    told = events(450)
    came = hand_over(mqtt_broker, committed, told)
    assert [event for batch in came for event in batch.events] == told
    assert [batch.seq for batch in came] == [1, 2, 3]


def test_what_is_not_acked_goes_again(mqtt_broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(module, "_AGAIN_AFTER_S", 0.2)
    asked: list[int] = []

    def late(batch: Batch) -> Ack | None:
        asked.append(batch.seq)
        return committed(batch) if len(asked) > 1 else None

    came = hand_over(mqtt_broker, late, events(3))
    assert len(came) >= 2
    assert len({batch.seq for batch in came}) == 1


def test_without_an_ack_it_is_not_handed_over(
    mqtt_broker: Mosquitto,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_ACKED_WITHIN_S", 0.5)
    with pytest.raises(DemoError, match=r"demo\.gw-1: 1 batches were not acked"):
        hand_over(mqtt_broker, lambda _: None, events(3))


def test_a_refusal_is_told(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    def refuse(batch: Batch) -> Ack:
        return Ack(epoch=batch.epoch, refused=(Refusal(batch.seq, "the site is closed"),))

    with pytest.raises(DemoError, match="refused a batch: the site is closed"):
        hand_over(mqtt_broker, refuse, events(3))


def test_the_ack_of_another_outbox_says_nothing(mqtt_broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(module, "_ACKED_WITHIN_S", 0.5)

    def stray(batch: Batch) -> Ack:
        return Ack(epoch=batch.events[0].event_id, committed=(batch.seq,))

    with pytest.raises(DemoError, match="not acked"):
        hand_over(mqtt_broker, stray, events(1))


def test_an_event_of_history_says_that_it_is_one() -> None:
    one = placed(sgtin96("5712345", "081234", 1), "01-02-L1", AT)
    assert (one.bin, one.door, one.direction, one.observed_at) == ("01-02-L1", None, "in", AT)
    assert "history" in one.evidence["reason"]
    assert one.event_id == placed(sgtin96("5712345", "081234", 1), "01-02-L1", AT).event_id
