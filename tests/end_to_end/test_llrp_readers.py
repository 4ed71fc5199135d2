"""The driver for LLRP readers against every product that the simulators play, and beside neighbours that misbehave."""

import itertools
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_contract import ReaderStatus, TagRead
from tagdock_edge.config import ReaderConfig
from tagdock_edge.crew import Crew
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.readers.llrp_settings import AntennaSettings, EpcFilter, LlrpSettings
from tagdock_simulators.fixtures import LoopThread, ProxyInTest
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.llrp.server import LlrpReader

pytest_plugins = ["tagdock_simulators.fixtures"]
WANTED, OTHER = "3034257BF7194E4000000001", "E2801160600002054CC80001"
IMPINJ = ("impinj-speedway", "impinj-r700")


class Yard:
    """Simulated readers, and the drivers that read them into one inbox."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._readers: list[LlrpReader] = []
        self._inbox = Inbox()
        self._crew = Crew(self._inbox, lambda error: None)
        self.reads: list[TagRead] = []
        self.news: list[ReaderNews] = []

    def reader(self, profile: Profile = PROFILES["impinj-r700"]) -> tuple[LlrpReader, int]:
        one = self._loop.call(lambda: LlrpReader(profile))
        self._readers.append(one)
        return one, self._loop.run(one.start())

    def drive(self, **settings: LlrpSettings) -> None:
        self._crew.set(ReaderConfig(name, "llrp", each) for name, each in settings.items())

    def feed(self, reader: LlrpReader, *reads: TagRead) -> None:
        self._loop.call(lambda: reader.feed(*reads))

    def do(self, what: Callable[[], object]) -> None:
        self._loop.call(what)

    def look(self) -> None:
        taken = self._inbox.take(0.02)
        self.reads += [record for each in taken.deliveries for record in each if isinstance(record, TagRead)]
        self.news += taken.news

    def until(self, done: Callable[[], Any], within_s: float = 30.0) -> None:
        end_s = time.monotonic() + within_s
        while not done():
            assert time.monotonic() < end_s, (self.status(), self.news, len(self.reads))
            self.look()

    def status(self) -> dict[str, ReaderStatus]:
        return {each.name: each for each in self._crew.status()}

    def close(self) -> None:
        self._crew.stop()
        for each in self._readers:
            self._loop.run(each.close())


@pytest.fixture
def yard(simulators_loop: LoopThread) -> Iterator[Yard]:
    one = Yard(simulators_loop)
    yield one
    one.close()


def settings(port: int, **wanted: Any) -> LlrpSettings:
    antennas = wanted.pop("antennas", (AntennaSettings(1), AntennaSettings(2)))
    return LlrpSettings("127.0.0.1", port, keepalive_s=1.0, antennas=antennas, **wanted)


def read(epc: str, antenna: int, name: str = "r") -> TagRead:
    return TagRead(datetime.now(UTC), name, antenna, epc, -40.0, 90.0, -2.5, 2)


@pytest.mark.parametrize("name", PROFILES)
def test_every_product_takes_what_an_installer_may_set(yard: Yard, name: str) -> None:
    profile = PROFILES[name]
    reader, port = yard.reader(profile)
    mode = profile.rf_modes[1].mode_identifier
    least_dbm, most_dbm = profile.powers_cdbm[0] / 100, profile.powers_cdbm[-1] / 100
    antennas = (AntennaSettings(1, most_dbm - 6.1, mode), AntennaSettings(2, None, None))
    filters = (EpcFilter(WANTED[:6]), EpcFilter("7194", at_bit=36))[: profile.max_select_filters]
    search_mode = "dual-target" if name in IMPINJ else None
    yard.drive(
        r=settings(port, antennas=antennas, filters=filters, session=1, tag_population=60, search_mode=search_mode)
    )
    yard.until(lambda: reader.is_reporting)
    yard.until(lambda: yard.status()["r"].state == "up")
    yard.feed(reader, read(WANTED, 1), read(OTHER, 1), read(WANTED, 2), read(OTHER, 2))
    yard.until(lambda: len(yard.reads) == 2)
    assert {each.epc for each in yard.reads} == {WANTED}
    weaker_db = {each.antenna: -40.0 - each.rssi_dbm for each in yard.reads}
    assert weaker_db[2] == 0.0
    # not above what was asked for, and no step of the table further below (whole dB where the reader tells no more)
    step_db = profile.powers_cdbm.step / 100
    assert 6.1 - 0.6 <= weaker_db[1] < 6.1 + max(step_db, 1.0)
    told = [(each.phase_deg, each.doppler_hz) for each in yard.reads]
    assert told == [(90.0, -2.5) if name in IMPINJ else (None, None)] * 2
    assert least_dbm < most_dbm


@pytest.mark.parametrize("name", PROFILES)
def test_every_product_is_told_what_it_lacks_and_is_not_set_up(yard: Yard, name: str) -> None:
    profile = PROFILES[name]
    reader, port = yard.reader(profile)
    too_many = profile.antennas + 1
    yard.drive(
        r=settings(
            port,
            antennas=(AntennaSettings(1, 39.0, "no-such-mode"), AntennaSettings(too_many)),
            inputs=(profile.inputs + 1,),
        )
    )
    yard.until(lambda: yard.status()["r"].state == "down")
    detail = yard.status()["r"].detail
    most_dbm = profile.powers_cdbm[-1] / 100
    assert f"antenna {too_many} is not there: this reader has 1 to {profile.antennas}" in detail
    assert f"gpi {profile.inputs + 1} is not there: of inputs this reader has 1 to {profile.inputs}" in detail
    assert f"power_dbm = 39 (antenna 1): this reader sends {profile.powers_cdbm[0] / 100:g} to {most_dbm:g}" in detail
    assert not reader.is_reporting


def test_what_a_reader_tells_of_itself_becomes_news(yard: Yard) -> None:
    reader, port = yard.reader()
    yard.drive(r=settings(port))
    yard.until(lambda: reader.is_reporting)
    yard.until(lambda: yard.status()["r"].state == "up")
    yard.do(lambda: reader.exception("PA temperature is high"))
    yard.do(lambda: reader.antenna(2, False))
    yard.until(lambda: len(yard.news) == 3)
    assert [(each.state, each.antenna) for each in yard.news] == [("up", None), ("hot", None), ("antenna_down", 2)]
    assert yard.status()["r"].detail == "antenna 2 not connected; check plug and cable"
    assert yard.status()["r"].clock_offset_s == pytest.approx(0.0, abs=0.4)


class Rogue:
    """A peer on a reader's port that greets and then sends the same bytes for ever."""

    def __init__(self, *chunks: bytes) -> None:
        self.connections = 0
        self._chunks = chunks
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            client.settimeout(1.0)
            with client:
                try:
                    for chunk in itertools.cycle(self._chunks):
                        client.sendall(chunk)
                        if self._over:
                            return
                except OSError:
                    continue

    def close(self) -> None:
        self._over = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(30)


def frame(kind: int, body: bytes) -> bytes:
    return (1 << 10 | kind).to_bytes(2) + (10 + len(body)).to_bytes(4) + bytes(4) + body


NONSENSE = frame(61, bytes.fromhex("00f00009ffffffffff")) * 50
TAG = bytes.fromhex("00f0001f8d3034257bf7194e400000000181000186ce840000000000000001")
LONG = frame(61, TAG * 33_000)
"""A message as long as they may be: a megabyte of reads, at most, that nobody asked for."""


@pytest.fixture
def rogues() -> Iterator[dict[str, Rogue]]:
    given = {
        "rubbish": (os.urandom(65_536),),
        "nonsense": (NONSENSE,),
        "huge": (frame(61, b"")[:2] + (1_000_000_000).to_bytes(4) + bytes(60_000),),
        "long": (LONG,),
    }
    made = {name: Rogue(*chunks) for name, chunks in given.items()}
    yield made
    for each in made.values():
        each.close()


@pytest.mark.slow
def test_one_broken_reader_never_disturbs_another(
    yard: Yard, rogues: dict[str, Rogue], tcp_proxy: Callable[..., ProxyInTest]
) -> None:
    sound = {name: yard.reader() for name in ("sound-1", "sound-2")}
    _, cut_port = yard.reader()
    _, mute_port = yard.reader()
    cut, mute = tcp_proxy(cut_port, protocol="llrp"), tcp_proxy(mute_port, protocol="llrp")
    mute.do("mute")
    yard.drive(
        **{name: settings(port) for name, (_, port) in sound.items()},
        **{name: settings(rogue.port) for name, rogue in rogues.items()},
        cut=settings(cut.port),
        mute=settings(mute.port),
    )
    yard.until(lambda: all(reader.is_reporting for reader, _ in sound.values()))
    yard.until(lambda: all(yard.status()[name].state == "up" for name in sound))
    fed = 0
    end_s = time.monotonic() + 4.0
    while time.monotonic() < end_s:
        for name, (reader, _) in sound.items():
            yard.feed(reader, *(read(f"30{fed:022X}", antenna, name) for antenna in (1, 2)))
        fed += 1
        if fed % 40 == 0:
            cut.cut()
        yard.look()
    for name in sound:
        yard.until(lambda name=name: sum(each.reader == name for each in yard.reads) == 2 * fed)
    assert all(rogue.connections for rogue in rogues.values())
    assert [each.state for each in yard.news if each.reader in sound] == ["up", "up"]
    detail = {name: each.detail for name, each in yard.status().items()}
    assert "said nothing for 3 s" in detail["mute"]
    assert "messages in a row that can't be read" in detail["nonsense"]
    assert "sent a message of 1,000,000,000 bytes" in detail["huge"]
    assert "down" in {each.state for each in yard.news if each.reader == "rubbish"}
    assert not [each for each in yard.reads if each.reader in rogues]
