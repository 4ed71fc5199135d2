"""A reader's end of a connection, where the system under it takes everything at once."""

import asyncio

from tagdock_simulators.llrp.line import SEND_BUFFER_BYTES, Line
from tagdock_simulators.llrp.outbound import Outgoing


class Greedy(asyncio.Transport):
    """A connection whose system never lets anything wait, so that writing never pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.taken += len(data)


class Reader:
    """What a line needs of its reader; counts what it is told."""

    version = 1

    def __init__(self) -> None:
        self.lost = 0
        self.told = 0

    def adopt(self, line: Line) -> bool:
        return True

    def abandon(self, line: Line) -> None:
        pass

    def receive(self, frame: bytes) -> bool:
        return True

    def dropped(self, tags: int) -> None:
        self.lost += tags

    def room_again(self) -> None:
        self.told += 1


def test_a_loss_is_told_even_where_writing_never_paused() -> None:
    async def scene() -> None:
        reader, transport = Reader(), Greedy()
        line = Line(reader)
        line.connection_made(transport)
        report = Outgoing(bytes(SEND_BUFFER_BYTES // 2 + 1), 10)
        line.send([report, report, report])
        assert (transport.taken, reader.lost, reader.told) == (len(report.data), 20, 0)
        await asyncio.sleep(0)
        assert reader.told == 1

    asyncio.run(scene())
