"""The reader on the network: one client, bounded buffers, ends for everything."""

import asyncio
import socket
import struct
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from tagdock_simulators.llrp import line
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import encode_message
from tagdock_simulators.llrp.config import (
    EventNotificationState,
    GPIPortCurrentState,
    KeepaliveSpec,
    KeepaliveTrigger,
    Notification,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.events import ConnectionAttempt
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.reporting import Reporting
from tagdock_simulators.llrp.server import MAX_BLOCK, LlrpReader


def stop_reading(client: Any, reader: Any) -> None:
    """Let a client read no more, with little room in the kernel on both sides, so that the reader notices soon."""
    client.stream._transport.pause_reading()
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader._client._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def test_greets_inventories_and_says_goodbye(serving: Any, raw_client: Any, rospec: Any, read: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            greeting = await client.get()
            assert greeting.data.connection_attempt.status is ConnectionAttempt.SUCCESS
            assert (reader.is_connected, reader.is_reporting) == (True, False)
            await client.inventory(rospec())
            assert reader.is_reporting
            reader.feed(read(), read())
            assert [(await client.get()).tags[0].epc.epc.hex().upper() for _ in range(2)] == [read().epc] * 2
            assert isinstance(await client.ask(m.CloseConnection()), m.CloseConnectionResponse)
            with pytest.raises(EOFError):
                await client.get()
            assert (reader.tags_reported, reader.tags_lost, reader.is_connected) == (2, 0, False)

    asyncio.run(scene())


@pytest.mark.parametrize("size", [1, 3], ids=lambda size: f"{size} bytes at a time")
def test_understands_a_request_that_trickles_in(size: int, serving: Any, raw_client: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as client:
            await client.get()
            frame = encode_message(m.GetReaderCapabilities(m.Capability.ALL), 7)
            for start in range(0, len(frame), size):
                client.writer.write(frame[start : start + size])
                await client.writer.drain()
                await asyncio.sleep(0)
            assert isinstance(await client.get(), m.GetReaderCapabilitiesResponse)

    asyncio.run(scene())


def test_refuses_a_second_client_and_keeps_the_first(serving: Any, raw_client: Any, rospec: Any, read: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as first:
            await first.get()
            async with raw_client(port) as second:
                refusal = await second.get()
                assert refusal.data.connection_attempt.status is ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS
                with pytest.raises(EOFError):
                    await second.get()
            assert (await first.get()).data.connection_attempt.status is ConnectionAttempt.ANOTHER_ATTEMPTED
            await first.inventory(rospec())
            reader.feed(read())
            assert len((await first.get()).tags) == 1

    asyncio.run(scene())


def test_takes_the_next_client_when_the_first_is_gone(serving: Any, raw_client: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            for _ in range(3):
                async with raw_client(port) as client:
                    assert (await client.get()).data.connection_attempt.status is ConnectionAttempt.SUCCESS
                await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())


def test_shows_that_it_lives(serving: Any, raw_client: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as client:
            await client.get()
            await client.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 20)))
            assert [type(await client.get()) for _ in range(3)] == [m.Keepalive] * 3

    asyncio.run(scene())


def test_a_client_that_does_not_read_loses_reports_and_is_told(
    serving: Any, raw_client: Any, rospec: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SEND_BUFFER_BYTES", 32 * 1024)  # the kernel's small windows take seconds for more

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            await client.inventory(rospec())
            stop_reading(client, reader)
            fed = 0
            while reader.tags_lost == 0:
                reader.feed(*[read()] * 100)
                fed += 100
                assert fed < 500_000, "the send buffer has no bound"
                await asyncio.sleep(0)
            owed = reader._client.owed_bytes
            assert owed <= line.SEND_BUFFER_BYTES
            reader.feed(*[read()] * 1000)
            fed += 1000
            assert reader._client.owed_bytes <= line.SEND_BUFFER_BYTES
            client.stream._transport.resume_reading()
            got, told = 0, False
            while not told:
                message = await client.get()
                told = isinstance(message, m.ReaderEventNotification) and message.data.buffer_overflow is not None
                got += len(message.tags) if isinstance(message, m.ROAccessReport) else 0
            assert got == reader.tags_reported == fed - reader.tags_lost

    asyncio.run(scene())


def test_a_client_that_asks_on_without_reading_has_to_wait_and_is_cut_off_in_the_end(
    serving: Any, raw_client: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "STALLED_S", 0.2)

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            stop_reading(client, reader)
            request = encode_message(m.GetReaderCapabilities(m.Capability.ALL), 7)
            for _ in range(200):
                client.writer.write(request * 1000)
                await asyncio.sleep(0)
                if reader._client is not None:
                    assert reader._client.owed_bytes <= line.SEND_BUFFER_BYTES
                    assert reader._client.unanswered <= 256 * 1024 // len(request) + 1
            await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())


def test_a_flood_of_requests_leaves_other_readers_their_turns(serving: Any, raw_client: Any) -> None:
    """Requests that come in one piece are answered a few at a time; in between another reader serves its client."""
    count = 5000

    async def scene() -> None:
        async with serving() as (flooded, port), raw_client(port) as client:
            await client.get()
            async with serving() as (_, other_port), raw_client(other_port) as other:
                await other.get()
                client.writer.write(encode_message(m.GetROSpecs(), 7) * count)
                answered_between = 0
                while flooded._client is not None and (flooded._client.unanswered or not answered_between):
                    await other.ask(m.GetROSpecs())
                    answered_between += 1
                for _ in range(count):
                    assert isinstance(await client.get(), m.GetROSpecsResponse)
                assert answered_between > 3

    asyncio.run(scene())


@pytest.mark.parametrize(
    "garbage",
    [
        struct.pack(">HII", 1 << 10 | 999, 10, 1),
        struct.pack(">HII", 1 << 10 | 20, 30, 1) + b"\xff" * 20,
        struct.pack(">HII", 7 << 10 | 20, 10, 1),
        struct.pack(">HIIIB", 1 << 10 | 1023, 15, 1, 4711, 1),
    ],
    ids=["unknown message", "parameters of noise", "unknown version", "unknown vendor"],
)
def test_garbage_at_full_speed_is_answered_each_time_and_does_no_harm(
    garbage: bytes, serving: Any, raw_client: Any, rospec: Any, read: Any
) -> None:
    count = 3000

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            client.writer.write(garbage * count)
            for _ in range(count):
                assert (await client.get()).status.status_code is not StatusCode.M_SUCCESS
            await client.ask(m.DeleteROSpec(0))
            await client.inventory(rospec())
            reader.feed(read())
            assert len((await client.get()).tags) == 1

    asyncio.run(scene())


def test_noise_that_is_no_llrp_ends_the_connection_and_frees_the_place(
    serving: Any, raw_client: Any, eventually: Any
) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            for seed in range(20):
                async with raw_client(port) as client:
                    await client.get()
                    client.writer.write(Random(seed).randbytes(100_000))
                    await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())


def test_a_storm_of_second_clients_is_turned_away_and_the_first_one_stays(
    serving: Any, raw_client: Any, rospec: Any, read: Any
) -> None:
    async def scene() -> None:
        async def try_in_vain(port: int) -> None:
            async with raw_client(port) as second:
                refusal = await second.get()
                assert refusal.data.connection_attempt.status is ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS
                with pytest.raises(EOFError):
                    await second.get()

        async with serving() as (reader, port), raw_client(port) as first:
            await first.get()
            await first.inventory(rospec())
            await asyncio.gather(*(try_in_vain(port) for _ in range(100)))
            reader.feed(read())
            told = [await first.get() for _ in range(101)]
            assert [type(each) for each in told] == [m.ReaderEventNotification] * 100 + [m.ROAccessReport]

    asyncio.run(scene())


def test_clients_that_come_and_go_at_once_leave_nothing_behind(serving: Any, raw_client: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
            for place, each in enumerate(sockets):
                if place % 2:  # half of them with a reset
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.close()
            await eventually(lambda: not reader.is_connected)
            async with raw_client(port) as client:
                assert (await client.get()).data.connection_attempt.status is ConnectionAttempt.SUCCESS

    asyncio.run(scene())


def test_a_client_that_closed_its_side_is_let_go(serving: Any, raw_client: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            client.writer.write_eof()
            await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())


def test_a_client_that_vanished_is_noticed_by_the_keepalives_it_does_not_answer(
    serving: Any, raw_client: Any, eventually: Any
) -> None:
    """A half-open connection looks like this: nothing comes any more, not even an end."""
    watchful = replace(DEFAULT, keepalive_misses=3)

    async def scene() -> None:
        async with serving(watchful) as (reader, port), raw_client(port) as client:
            await client.get()
            await client.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 10)))
            await eventually(lambda: not reader.is_connected)
            async with raw_client(port) as after:
                assert (await after.get()).data.connection_attempt.status is ConnectionAttempt.SUCCESS

    asyncio.run(scene())


def test_a_huge_block_is_sent_piece_by_piece(
    serving: Any, raw_client: Any, rospec: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what waits in memory does not grow with the block: each piece is sent, or dropped, before the next is made."""
    pieces: list[int] = []
    send = line.Line.send
    monkeypatch.setattr(line.Line, "send", lambda self, out: (pieces.append(len(out)), send(self, out))[1])

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            await client.inventory(rospec())
            pieces.clear()
            reader.feed(*[read()] * (10 * MAX_BLOCK + 1))
            assert pieces == [MAX_BLOCK] * 10 + [1]
            assert reader.tags_reported + reader.tags_lost == 10 * MAX_BLOCK + 1

    asyncio.run(scene())


def test_a_client_that_does_not_even_read_events_is_cut_off(
    serving: Any, raw_client: Any, input_change: Any, eventually: Any
) -> None:
    wanted = m.SetReaderConfig(
        False,
        ReaderEventNotificationSpec((EventNotificationState(Notification.GPI, True),)),
        gpi_states=(GPIPortCurrentState(1, True, 2),),
    )

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            await client.ask(wanted)
            stop_reading(client, reader)
            for turn in range(100_000):
                reader.feed(input_change(1, turn % 2 == 0))
                if not reader.is_connected or reader._client._transport is None or not turn % 1000:
                    await asyncio.sleep(0)
                if not reader.is_connected:
                    return
                assert reader._client.owed_bytes <= line.MAX_OWED_BYTES + 100
            raise AssertionError("what waits for it has no bound")

    asyncio.run(scene())


def test_what_a_reader_leaves_out_is_never_what_the_client_missed(
    serving: Any, raw_client: Any, rospec: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short report behind a long one that found no room would fit, and leave out what only the lost one said."""
    long, short = read(epc="30" * 62, antenna=2), read(antenna=2)

    async def scene() -> None:
        async with (
            serving(reporting=Reporting(leaves_out_unchanged=True)) as (reader, port),
            raw_client(port) as client,
        ):
            await client.get()
            await client.inventory(rospec())
            monkeypatch.setattr(line, "SEND_BUFFER_BYTES", 150)
            reader.feed(read(), long, short)
            assert (await client.get()).tags[0].antenna_id.antenna_id == 1
            assert (reader.tags_reported, reader.tags_lost) == (1, 2)
            assert (await client.get()).data.buffer_overflow is not None
            reader.feed(short)
            assert (await client.get()).tags[0].antenna_id.antenna_id == 2

    asyncio.run(scene())


def test_half_a_message_is_not_waited_for_without_end(
    serving: Any, raw_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PARTIAL_MESSAGE_S", 0.05)

    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as client:
            await client.get()
            client.writer.write(encode_message(m.EnableROSpec(1), 7)[:-1])
            with pytest.raises((EOFError, ConnectionError)):
                await client.get()

    asyncio.run(scene())


def test_a_length_that_cannot_be_ends_the_connection_with_an_error(serving: Any, raw_client: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as client:
            await client.get()
            client.writer.write(struct.pack(">HII", 1 << 10 | 20, 2**31, 1))
            answer = await client.get()
            assert "is not taken" in answer.status.error_description
            with pytest.raises(EOFError):
                await client.get()

    asyncio.run(scene())


def test_requests_after_a_close_are_not_answered(serving: Any, raw_client: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as client:
            await client.get()
            client.writer.write(encode_message(m.CloseConnection(), 1) + encode_message(m.GetROSpecs(), 2))
            assert isinstance(await client.get(), m.CloseConnectionResponse)
            with pytest.raises(EOFError):
                await client.get()

    asyncio.run(scene())


def test_closing_tells_the_client_and_frees_the_port(raw_client: Any) -> None:
    async def scene() -> None:
        reader = LlrpReader()
        port = await reader.start()
        async with raw_client(port) as client:
            await client.get()
            await asyncio.gather(reader.close(), asyncio.sleep(0))
            assert (await client.get()).data.connection_close is not None
            with pytest.raises(EOFError):
                await client.get()
        await reader.close()
        again = LlrpReader()
        assert await again.start(port=port) == port
        await again.close()

    asyncio.run(scene())


def test_closing_does_not_wait_for_a_client_that_does_not_read(
    serving: Any, raw_client: Any, rospec: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "GOODBYE_S", 0.05)

    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            await client.inventory(rospec())
            stop_reading(client, reader)
            while reader.tags_lost == 0:
                reader.feed(*[read()] * 1000)
                await asyncio.sleep(0)
            await asyncio.wait_for(reader.close(), 2)
            assert not reader.is_connected

    asyncio.run(scene())


def test_a_taken_port_is_an_error(serving: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port):
            with pytest.raises(OSError, match="address already in use"):
                await LlrpReader().start(port=port)

    asyncio.run(scene())
