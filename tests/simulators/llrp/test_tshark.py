"""Wireshark's dissector, an LLRP implementation of its own, finds nothing malformed in real sessions."""

import asyncio
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tagdock_simulators.llrp.codec import encode_message

LLRP_PORT, CLIENT_PORT = 5084, 40000
ETHERNET = bytes(12) + b"\x08\x00"
MAX_SEGMENT = 1400
FIELDS = {f"Enable{name}": True for name in ("AntennaID", "ChannelIndex", "PeakRSSI", "FirstSeenTimestamp")}
IMPINJ = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": True}
RO_ACCESS_REPORT, READER_EVENT, CAPABILITIES, CONFIG = "61", "63", "11", "12"


def packet(from_reader: bool, sequence: int, acknowledged: int, data: bytes) -> bytes:
    """One TCP segment in IPv4 in Ethernet; checksums are left out, as a network card's offloading does."""
    ports = (LLRP_PORT, CLIENT_PORT) if from_reader else (CLIENT_PORT, LLRP_PORT)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, 0x18, 65535, 0, 0)
    hosts = (b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0)
    return ETHERNET + ip + b"".join(hosts if from_reader else hosts[::-1]) + tcp + data


def write_pcap(path: Path, session: list[tuple[bool, bytes]]) -> None:
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    sent = {True: 1, False: 1}
    for from_reader, stream in session:
        for start in range(0, len(stream), MAX_SEGMENT):
            data = stream[start : start + MAX_SEGMENT]
            frame = packet(from_reader, sent[from_reader], sent[not from_reader], data)
            sent[from_reader] += len(data)
            records.append(struct.pack("<IIII", len(records), 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(records))


def tshark(path: Path, *arguments: str) -> list[str]:
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed: apt-get install tshark")
    command = [program, "-r", str(path), "-d", f"tcp.port=={LLRP_PORT},llrp", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


async def relay(port: int, session: list[tuple[bool, bytes]]) -> asyncio.Server:
    """Pass one client's connection on to the reader and keep what both say."""

    async def copy(from_reader: bool, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            session.append((from_reader, data))
            sink.write(data)
        sink.close()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        reader, to_reader = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(True, reader, to_client), copy(False, client, to_reader))

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.fixture
def captured(serving: Any, sllurp: Any, read: Any, input_change: Any, eventually: Any, tmp_path: Path) -> Path:
    """A session of sllurp with the reader, as a capture file."""
    session: list[tuple[bool, bytes]] = []

    async def scene() -> None:
        async with serving() as (reader, port):
            between = await relay(port, session)
            client = await asyncio.to_thread(
                sllurp,
                between.sockets[0].getsockname()[1],
                report_every_n_tags=5,
                tag_content_selector=FIELDS,
                impinj_tag_content_selector=IMPINJ,
                event_selector={"GPIEvent": True, "ROSpecEvent": True, "AISpecEvent": True},
                gpi_ports_config={1: True},
                keepalive_interval=50,
            )
            await eventually(lambda: reader.is_reporting)
            await asyncio.sleep(0.12)
            epcs = ("3034257BF7194E4000001A85", "3034257BF7194E4000001A853034", "30F4")
            reader.feed(*(read(epc=epcs[place % 3]) for place in range(30)), input_change(1, True))
            await eventually(lambda: len(client.tags) == 30)
            await asyncio.to_thread(client.disconnect, 5)
            await eventually(lambda: not reader.is_connected)
            between.close()
            await between.wait_closed()

    asyncio.run(scene())
    path = tmp_path / "session.pcap"
    write_pcap(path, session)
    return path


def complaints(path: Path) -> set[tuple[str, str]]:
    """What the dissector finds wrong: (parameter, complaint)."""
    found, parameter = set(), ""
    for line in tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 0x00600000", "-V"):
        if "Parameter" in line and ": " in line:
            parameter = line.split(": ", 1)[1]
        if "Expert Info" in line or "Malformed Packet" in line:
            found.add((parameter, line.strip()))
    return found


WRONG_LENGTH = "[Expert Info (Error/Malformed): Incorrect length of parameter: {} bytes decoded, but {} bytes claimed.]"
DISSECTORS_OWN = {
    # It forgets the two bytes of the count before the reader's id; a real reader's bytes earn the same complaint.
    ("Identification", WRONG_LENGTH.format(13, 15)),
    # It does not know Impinj's Doppler parameter.
    ("Custom parameter (Impinj - Unknown Type: 68)", WRONG_LENGTH.format(12, 14)),
}


def test_nothing_is_malformed_in_a_session(captured: Path) -> None:
    types = {number for line in tshark(captured, "-T", "fields", "-e", "llrp.type") for number in line.split(",")}
    assert {RO_ACCESS_REPORT, READER_EVENT, CAPABILITIES, CONFIG} <= types, "the dissector has not seen the messages"
    assert complaints(captured) <= DISSECTORS_OWN


def test_nothing_is_malformed_in_any_message(examples: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "examples.pcap"
    write_pcap(path, [(True, encode_message(message, 5)) for message in examples.values()])
    assert len([line for line in tshark(path, "-T", "fields", "-e", "llrp.type") if line]) == len(examples)
    assert complaints(path) <= DISSECTORS_OWN


def test_a_real_readers_identification_earns_the_same_complaint(real_messages: Path, tmp_path: Path) -> None:
    body = (real_messages / "GetReaderConfigResponse-000.bytes").read_bytes()
    path = tmp_path / "real.pcap"
    write_pcap(path, [(True, struct.pack(">HII", 1 << 10 | int(CONFIG), 10 + len(body), 5) + body)])
    assert ("Identification", WRONG_LENGTH.format(13, 15)) in complaints(path)


def test_the_judge_would_have_noticed(examples: dict[str, object], tmp_path: Path) -> None:
    frame = bytearray(encode_message(examples["get_reader_config_response"], 5))
    frame[12:14] = b"\xff\xff"  # a parameter that is longer than its message
    path = tmp_path / "broken.pcap"
    write_pcap(path, [(True, bytes(frame))])
    assert complaints(path) - DISSECTORS_OWN
