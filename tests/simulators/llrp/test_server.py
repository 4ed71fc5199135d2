"""The reader on the network: one client, bounded buffers, ends for everything."""

import asyncio
import socket
import struct
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp import server
from tagdock_simulators.llrp.codec import encode_message
from tagdock_simulators.llrp.config import KeepaliveSpec, KeepaliveTrigger
from tagdock_simulators.llrp.events import ConnectionAttempt
from tagdock_simulators.llrp.server import LlrpReader


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
    serving: Any, raw_client: Any, rospec: Any, read: Any, eventually: Any
) -> None:
    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            await client.inventory(rospec())
            stop_reading(client, reader)
            fed = 0
            while reader.tags_lost == 0:
                reader.feed(*[read()] * 1000)
                fed += 1000
                assert fed < 500_000, "the send buffer has no bound"
                await asyncio.sleep(0)
            owed = reader._client._transport.get_write_buffer_size()
            assert owed <= server.SEND_BUFFER_BYTES
            reader.feed(*[read()] * 1000)
            fed += 1000
            assert reader._client._transport.get_write_buffer_size() <= server.SEND_BUFFER_BYTES
            client.stream._transport.resume_reading()
            got, told = 0, False
            while not told:
                message = await client.get()
                told = isinstance(message, m.ReaderEventNotification) and message.data.buffer_overflow is not None
                got += len(message.tags) if isinstance(message, m.ROAccessReport) else 0
            assert got == reader.tags_reported == fed - reader.tags_lost

    asyncio.run(scene())


def test_a_client_that_asks_on_without_reading_is_cut_off(serving: Any, raw_client: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port), raw_client(port) as client:
            await client.get()
            stop_reading(client, reader)
            request = encode_message(m.GetReaderCapabilities(m.Capability.ALL), 7)
            for _ in range(200):
                client.writer.write(request * 1000)
                await asyncio.sleep(0)
                if reader._client is not None and reader._client._transport is not None:
                    owed = reader._client._transport.get_write_buffer_size()
                    assert owed <= server.MAX_OWED_BYTES
            await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())


def test_half_a_message_is_not_waited_for_without_end(
    serving: Any, raw_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PARTIAL_MESSAGE_S", 0.05)

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
    monkeypatch.setattr(server, "GOODBYE_S", 0.05)

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
