"""sllurp 3.0.5, unmodified, reads and writes tags' memory through the reader."""

import asyncio
from typing import Any

import pytest
from sllurp.llrp import C1G2Lock, C1G2LockPayload, C1G2Read, C1G2TargetTag, C1G2Write, LLRPReaderState
from sllurp.llrp_proto import LLRPROSpec
from tagdock_simulators.llrp.tagmemory import tid_of

RESERVED, EPC, TID, USER = range(4)
KNOWN = "3034257BF7194E4000001A85"
OTHER = "3034257BF7194E4000001A86"


class Session:
    """An inventorying client, and what became of its operations."""

    def __init__(self, client: Any, reader: Any, read: Any, eventually: Any) -> None:
        self.client, self.reader, self._read, self._eventually = client, reader, read, eventually

    async def do(self, operation: Any, *, epc: str = KNOWN, target: Any = None, times: int = 1) -> list[dict[str, Any]]:
        """Add an access spec, let a tag come by until it was done, and return the results."""
        self.client.tags.clear()
        self.client.llrp.startAccess(operation, targetSpec=target, stopAfterCount=times)

        def done() -> list[dict[str, Any]]:
            self.reader.feed(self._read(epc=epc))
            kinds = ("C1G2ReadOpSpecResult", "C1G2WriteOpSpecResult", "C1G2LockOpSpecResult")
            return [tag[kind] for tag in list(self.client.tags) for kind in kinds if kind in tag]

        await self._eventually(lambda: len(done()) >= times)
        return done()[:times]


@pytest.fixture
def accessing(serving: Any, sllurp: Any, read: Any, eventually: Any) -> Any:
    async def play(scene: Any) -> None:
        async with serving() as (reader, port):
            client = await asyncio.to_thread(sllurp, port, report_every_n_tags=1)
            inventorying = LLRPReaderState.STATE_INVENTORYING
            await eventually(lambda: reader.is_reporting and client.llrp.state == inventorying)
            await scene(Session(client, reader, read, eventually))

    return lambda scene: asyncio.run(play(scene))


def test_reads_the_tid(accessing: Any) -> None:
    async def scene(session: Session) -> None:
        (result,) = await session.do(C1G2Read(OpSpecID=5, MB=TID, WordPtr=0, WordCount=6))
        assert (result["Result"], result["OpSpecID"], result["ReadDataWordCount"]) == (0, 5, 6)
        assert result["ReadData"] == tid_of(bytes.fromhex(KNOWN))

    accessing(scene)


def test_writes_user_memory_and_reads_it_back(accessing: Any) -> None:
    async def scene(session: Session) -> None:
        write = C1G2Write(OpSpecID=1, MB=USER, WordPtr=2, WriteDataWordCount=2, WriteData=b"\xca\xfe\xba\xbe")
        (written,) = await session.do(write)
        assert (written["Result"], written["NumWordsWritten"]) == (0, 2)
        (seen,) = await session.do(C1G2Read(OpSpecID=2, MB=USER, WordPtr=1, WordCount=4))
        assert seen["ReadData"] == b"\0\0\xca\xfe\xba\xbe\0\0"

    accessing(scene)


def test_gets_the_tags_own_number_with_every_report(serving: Any, sllurp: Any, read: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            switches = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": False}
            own = LLRPROSpec(None, 5, antennas=(1,), impinj_tag_content_selector=switches, tx_power=81)
            own["ROReportSpec"]["N"] = 1
            selector = own["ROReportSpec"]["ImpinjTagReportContentSelector"]
            selector["ImpinjEnableSerializedTID"] = {"SerializedTIDMode": True}
            client = await asyncio.to_thread(sllurp, port, rospec=own, impinj_tag_content_selector=switches)
            await eventually(lambda: reader.is_reporting)
            reader.feed(read())
            await eventually(lambda: len(client.tags) == 1)
            tag = client.tags[0]
            assert tag["ImpinjSerializedTID"]["TID"] == tid_of(bytes.fromhex(KNOWN))
            assert tag["ImpinjPeakRSSI"] == -5250

    asyncio.run(scene())


def test_respects_a_lock(accessing: Any) -> None:
    async def scene(session: Session) -> None:
        password = C1G2Write(OpSpecID=1, MB=RESERVED, WordPtr=2, WriteDataWordCount=2, WriteData=b"\0\0\0\x07")
        assert (await session.do(password))[0]["Result"] == 0
        (locked,) = await session.do(C1G2Lock(OpSpecID=2, AccessPassword=7, LockPayload=C1G2LockPayload(0, 4)))
        assert locked["Result"] == 0
        words = {"MB": USER, "WordPtr": 0, "WriteDataWordCount": 1, "WriteData": b"\0\x01"}
        (refused,) = await session.do(C1G2Write(OpSpecID=3, **words))
        assert (refused["Result"], refused["NumWordsWritten"]) == (2, 0)
        (written,) = await session.do(C1G2Write(OpSpecID=4, AccessPassword=7, **words))
        assert (written["Result"], written["NumWordsWritten"]) == (0, 1)

    accessing(scene)


def test_finds_the_tag_that_it_means(accessing: Any) -> None:
    async def scene(session: Session) -> None:
        epc = bytes.fromhex(KNOWN)
        target = C1G2TargetTag(MB=EPC, Pointer=32, TagMask="ff" * 12, TagData=KNOWN)
        session.client.llrp.startAccess(C1G2Read(OpSpecID=1, MB=TID, WordCount=6), targetSpec=target, stopAfterCount=1)
        await asyncio.sleep(0.1)
        session.reader.feed(session._read(epc=OTHER))
        await session._eventually(lambda: len(session.client.tags) == 1)
        assert "C1G2ReadOpSpecResult" not in session.client.tags[0]
        session.reader.feed(session._read(epc=KNOWN))
        await session._eventually(lambda: len(session.client.tags) >= 2)
        assert session.client.tags[1]["C1G2ReadOpSpecResult"]["ReadData"] == tid_of(epc)

    accessing(scene)
