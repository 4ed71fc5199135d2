"""What outside judges need: a relay that keeps what both sides say, capture files, Wireshark's dissector, pyllrp."""

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bitstring
import pytest
from pyllrp import pyllrp
from tagdock_simulators.llrp.stream import Framer

Session = list[tuple[bool, bytes]]
"""What was said, in order: by the reader (True) or its client, and the bytes."""
LLRP_PORT, CLIENT_PORT = 5084, 40000
ETHERNET = bytes(12) + b"\x08\x00"
MAX_SEGMENT = 1400


@asynccontextmanager
async def relayed(port: int, session: Session) -> AsyncIterator[int]:
    """Pass one client's connection on to the reader at `port` and keep what both say; gives the port to connect to."""

    async def copy(from_reader: bool, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            session.append((from_reader, data))
            sink.write(data)
        sink.close()

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        reader, to_reader = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(True, reader, to_client), copy(False, client, to_reader))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def packet(from_reader: bool, client_port: int, sequence: int, acknowledged: int, data: bytes) -> bytes:
    """One TCP segment in IPv4 in Ethernet; checksums are left out, as a network card's offloading does."""
    ports = (LLRP_PORT, client_port) if from_reader else (client_port, LLRP_PORT)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, 0x18, 65535, 0, 0)
    hosts = (b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0)
    return ETHERNET + ip + b"".join(hosts if from_reader else hosts[::-1]) + tcp + data


def write_pcap(path: Path, *sessions: Session) -> None:
    """Write sessions as a capture; each has a client port of its own, from CLIENT_PORT on."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for client_port, session in enumerate(sessions, start=CLIENT_PORT):
        sent = {True: 1, False: 1}
        for from_reader, stream in session:
            for start in range(0, len(stream), MAX_SEGMENT):
                data = stream[start : start + MAX_SEGMENT]
                frame = packet(from_reader, client_port, sent[from_reader], sent[not from_reader], data)
                sent[from_reader] += len(data)
                records.append(struct.pack("<IIII", len(records), 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(records))


def dissect(path: Path, *arguments: str) -> list[str]:
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed: apt-get install tshark")
    command = [program, "-r", str(path), "-d", f"tcp.port=={LLRP_PORT},llrp", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def find_complaints(path: Path) -> set[tuple[str, str]]:
    """What the dissector finds wrong: (parameter, complaint)."""
    found, parameter = set(), ""
    for line in dissect(path, "-Y", "_ws.malformed || _ws.expert.severity >= 0x00600000", "-V"):
        if "Parameter" in line and ": " in line:
            parameter = line.split(": ", 1)[1]
        if "Expert Info" in line or "Malformed Packet" in line:
            found.add((parameter, line.strip()))
    return found


def wrong_length(decoded: int, claimed: int) -> str:
    complaint = f"Incorrect length of parameter: {decoded} bytes decoded, but {claimed} bytes claimed."
    return f"[Expert Info (Error/Malformed): {complaint}]"


DISSECTORS_OWN = {
    # It forgets the two bytes of the count before the reader's id; a real reader's bytes earn the same complaint.
    ("Identification", wrong_length(13, 15)),
    # It does not know Impinj's Doppler parameter.
    ("Custom parameter (Impinj - Unknown Type: 68)", wrong_length(12, 14)),
    # Nor that for antennas' events (subtype 1524 in Impinj's definitions, as pyllrp has them).
    ("Custom parameter (Impinj - Unknown Type: 1524)", wrong_length(12, 40)),
    # It forgets the byte of the memory bank (LLRP 1.1, C1G2GetBlockPermalockStatus).
    ("C1G2 Get Block Permalock Status", wrong_length(14, 15)),
}


def said_by_reader(session: Session) -> list[bytes]:
    framer = Framer()
    return [frame for from_reader, data in session if from_reader for frame in framer.feed(data)]


def decoded_by_pyllrp(frames: Iterable[bytes]) -> list[Any]:
    return [pyllrp.UnpackMessage(bitstring.ConstBitStream(bytes=frame)) for frame in frames]


async def leave_politely(client: Any) -> None:
    """Let sllurp say goodbye, on its own thread: from another one that races with the answers to what it sends.

    It has to be told to ask for keepalives.
    """
    loop = asyncio.get_running_loop()
    said = loop.create_future()

    def act(*_: object) -> None:
        client.remove_message_callback("KEEPALIVE", act)
        client.disconnect()
        loop.call_soon_threadsafe(said.set_result, None)

    client.add_message_callback("KEEPALIVE", act)
    await asyncio.wait_for(said, 10)


@pytest.fixture
def leave() -> Callable[[Any], Any]:
    return leave_politely


@pytest.fixture
def relay() -> Callable[..., Any]:
    return relayed


@pytest.fixture
def capture(tmp_path: Path) -> Callable[..., Path]:
    """Write sessions to a capture file."""

    def write(*sessions: Session) -> Path:
        path = tmp_path / "sessions.pcap"
        write_pcap(path, *sessions)
        return path

    return write


@pytest.fixture
def tshark() -> Callable[..., list[str]]:
    return dissect


@pytest.fixture
def complaints() -> Callable[[Path], set[tuple[str, str]]]:
    """What the dissector finds wrong but for what is its own fault."""
    return lambda path: find_complaints(path) - DISSECTORS_OWN


@pytest.fixture
def all_complaints() -> Callable[[Path], set[tuple[str, str]]]:
    return find_complaints


@pytest.fixture
def reader_said() -> Callable[[Session], list[bytes]]:
    """The reader's messages of a session."""
    return said_by_reader


@pytest.fixture
def by_pyllrp() -> Callable[[Iterable[bytes]], list[Any]]:
    return decoded_by_pyllrp
