"""A scenario in real time, heard by sllurp."""

import asyncio
import contextlib
import os
import re
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig
from tagdock_contract import InputChange, Record, TagRead
from tagdock_simulators import live
from tagdock_simulators.live import play, start_readers
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.scenarios import Scenario

BRISK = Scenario("brisk", "", doors=1, loads=2, tags=(3, 3), speed_m_per_s=(8.0, 8.0), gap_s=(0.1, 0.2), reach_m=2.0)


@pytest.fixture(autouse=True)
def little_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LEAD", timedelta(seconds=0.2))


def test_plays_round_after_round_with_new_tags_until_told_to_stop() -> None:
    async def scene() -> None:
        started = await start_readers(BRISK, "127.0.0.1", 0, lambda _: LlrpReader())
        readers = {name: reader for name, (reader, _) in started.items()}
        (port,) = (port for _, port in started.values())
        config = LLRPReaderConfig({"antennas": [1, 2], "report_every_n_tags": 1})
        client = LLRPReaderClient("127.0.0.1", port, config)
        epcs: set[bytes] = set()
        client.add_tag_report_callback(lambda _, tags: epcs.update(tag["EPC"] for tag in tags))
        said: list[str] = []
        stop = asyncio.Event()
        playing = asyncio.create_task(play(BRISK, 1, readers, said.append, stop))
        try:
            await asyncio.to_thread(client.connect)
            async with asyncio.timeout(20):
                while len(epcs) <= BRISK.loads * 3:
                    await asyncio.sleep(0.02)
            stop.set()
            await asyncio.wait_for(playing, 2)
        finally:
            client.disconnect_requested.set()
            await asyncio.gather(*(reader.close() for reader in readers.values()))
            await asyncio.to_thread(client.join, 5)
            client.hard_disconnect()
        told = [re.sub(r"\d+ s$", "N s", line) for line in said[:2]]
        assert told == [f"playing brisk, seed {seed}: 2 loads, the first in N s" for seed in (1, 2)]

    asyncio.run(scene())


def taken_after_a_free_one() -> socket.socket:
    """Take a port behind a free one, both below those that the system gives away to whoever asks for any."""
    for port in range(20_001 + os.getpid() % 5_000, 32_000, 7):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port - 1)):
            return socket.create_server(("127.0.0.1", port))
    pytest.skip("no two free ports side by side")


def test_a_port_that_is_taken_leaves_no_reader_behind() -> None:
    async def scene() -> None:
        four = Scenario("four", "", doors=4)
        with taken_after_a_free_one() as taken:
            port = taken.getsockname()[1]
            with pytest.raises(OSError, match="address already in use"):
                await start_readers(four, "127.0.0.1", port - 1, lambda _: LlrpReader())
            freed = LlrpReader()
            await freed.start(port=port - 1)
            await freed.close()

    asyncio.run(scene())


def test_doors_that_share_a_reader_share_its_port() -> None:
    async def scene() -> None:
        made: list[str] = []

        def make(name: str) -> LlrpReader:
            made.append(name)
            return LlrpReader()

        started = await start_readers(Scenario("four", "", doors=4, doors_a_reader=2), "127.0.0.1", 0, make)
        await asyncio.gather(*(reader.close() for reader, _ in started.values()))
        assert made == ["dock-1", "dock-2"]

    asyncio.run(scene())


class Listener:
    """A reader that keeps what it is fed."""

    def __init__(self) -> None:
        self.heard: list[Record] = []

    def feed(self, *records: Record) -> None:
        self.heard += records


def test_whatever_can_be_fed_hears_reads_and_photo_eyes_of_all_its_doors_in_time() -> None:
    async def scene() -> None:
        scenario = replace(BRISK, doors=2, doors_a_reader=2, photo_eyes=True, loads=4)
        listener, stop = Listener(), asyncio.Event()
        began_at = datetime.now(UTC)
        playing = asyncio.create_task(play(scenario, 1, {"dock-1": listener}, lambda _: None, stop))
        async with asyncio.timeout(30):
            while {each.antenna for each in listener.heard if isinstance(each, TagRead)} != {1, 2, 3, 4}:
                await asyncio.sleep(0.02)
            while {each.gpi for each in listener.heard if isinstance(each, InputChange)} != {1, 2, 3, 4}:
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(playing, 5)
        assert began_at < listener.heard[0].at <= listener.heard[-1].at <= datetime.now(UTC) + timedelta(seconds=0.02)
        assert [each.at for each in listener.heard] == sorted(each.at for each in listener.heard)

    asyncio.run(scene())
