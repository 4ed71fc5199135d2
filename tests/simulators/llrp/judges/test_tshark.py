"""Wireshark's dissector, an LLRP implementation of its own, finds nothing malformed in real sessions."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from sllurp.llrp import C1G2Lock, C1G2LockPayload, C1G2Read, C1G2Write

FIELDS = {f"Enable{name}": True for name in ("AntennaID", "ChannelIndex", "PeakRSSI", "FirstSeenTimestamp")}
IMPINJ = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": True}
RO_ACCESS_REPORT, READER_EVENT, CAPABILITIES, CONFIG = "61", "63", "11", "12"
MISREAD = {"impinj_report", "v11_set_protocol_version"}
"""It takes the words of ImpinjSerializedTID for parameters (pyllrp and sllurp read them as what they are), and does not
count the one byte of SET_PROTOCOL_VERSION, which it shows.
"""


@pytest.fixture
def captured(
    serving: Any, sllurp: Any, read: Any, input_change: Any, eventually: Any, relay: Any, capture: Any, leave: Any
) -> Path:
    """A session of sllurp with the reader, as a capture file."""
    session: list[tuple[bool, bytes]] = []

    async def scene() -> None:
        async with serving() as (reader, port), relay(port, session) as between:
            client = await asyncio.to_thread(
                sllurp,
                between,
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
            at = [read().at.replace(microsecond=number) for number in range(30)]
            reads = (read(epc=epcs[place % 3], antenna=1 + place // 3 % 2, at=at[place]) for place in range(30))
            reader.feed(*reads, input_change(1, True))
            await eventually(lambda: sum(tag["TagSeenCount"] for tag in client.tags) == 30)
            await leave(client)
            await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())
    return capture(session)  # type: ignore[no-any-return]


def types(lines: list[str]) -> list[str]:
    return [number for line in lines for number in line.split(",") if number]


def test_nothing_is_malformed_in_a_session(captured: Path, tshark: Any, complaints: Any) -> None:
    seen = types(tshark(captured, "-T", "fields", "-e", "llrp.type"))
    assert {RO_ACCESS_REPORT, READER_EVENT, CAPABILITIES, CONFIG} <= set(seen), "it has not seen the messages"
    assert not complaints(captured)


def test_nothing_is_malformed_in_any_message(
    frames: dict[str, bytes], capture: Any, tshark: Any, complaints: Any
) -> None:
    judged = [frame for name, frame in frames.items() if name not in MISREAD]
    path = capture([(True, frame) for frame in judged])
    assert len(types(tshark(path, "-T", "fields", "-e", "llrp.type"))) == len(judged)
    assert not complaints(path)


def test_a_real_readers_identification_earns_the_same_complaint(
    real_messages: Path, capture: Any, all_complaints: Any
) -> None:
    body = (real_messages / "GetReaderConfigResponse-000.bytes").read_bytes()
    path = capture([(True, struct.pack(">HII", 1 << 10 | int(CONFIG), 10 + len(body), 5) + body)])
    assert any(parameter == "Identification" for parameter, _ in all_complaints(path))


def test_the_judge_would_have_noticed(frames: dict[str, bytes], capture: Any, complaints: Any) -> None:
    frame = bytearray(frames["get_reader_config_response"])
    frame[12:14] = b"\xff\xff"  # a parameter that is longer than its message
    assert complaints(capture([(True, bytes(frame))]))


def test_nothing_is_malformed_in_a_session_that_reads_and_writes_memory(
    serving: Any,
    sllurp: Any,
    read: Any,
    eventually: Any,
    relay: Any,
    capture: Any,
    leave: Any,
    tshark: Any,
    complaints: Any,
) -> None:
    session: list[tuple[bool, bytes]] = []
    operations = (
        C1G2Read(OpSpecID=1, MB=2, WordPtr=0, WordCount=6),
        C1G2Write(OpSpecID=2, MB=3, WordPtr=0, WriteDataWordCount=1, WriteData=b"\x12\x34"),
        C1G2Lock(OpSpecID=3, LockPayload=C1G2LockPayload(0, 4)),
    )

    async def scene() -> None:
        async with serving() as (reader, port), relay(port, session) as between:
            client = await asyncio.to_thread(sllurp, between, report_every_n_tags=1, keepalive_interval=50)
            await eventually(lambda: reader.is_reporting)
            for number, operation in enumerate(operations, start=1):
                client.tags.clear()
                client.llrp.startAccess(operation, stopAfterCount=1, accessSpecID=number)

                def done() -> bool:
                    reader.feed(read())
                    return any("OpSpecResult" in str(tag.keys()) for tag in list(client.tags))

                await eventually(done)
            await leave(client)
            await eventually(lambda: not reader.is_connected)

    asyncio.run(scene())
    path = capture(session)
    assert {"40", "50", "42", "52"} <= set(types(tshark(path, "-T", "fields", "-e", "llrp.type")))
    assert not complaints(path)
