"""A schedule carried out in real time."""

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta

from tagdock_simulators.faults.acting import act
from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.schedule import Fault, Schedule


class Notes:
    """A patient that notes what is done to it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, fault: Fault) -> None:
        self.told.append(f"begin {fault.kind}")

    def end(self, fault: Fault) -> None:
        self.told.append(f"end {fault.kind}")


def acted(*faults: Fault) -> tuple[dict[str, Notes], list[dict[str, object]], float]:
    patients, file = {"a": Notes(), "b": Notes()}, io.StringIO()
    began_at = datetime.now(UTC)
    asyncio.run(asyncio.wait_for(act(Schedule(faults), patients, FaultLog(file), began_at), 10))
    took_s = (datetime.now(UTC) - began_at).total_seconds()
    return patients, [json.loads(line) for line in file.getvalue().splitlines()], took_s


def test_faults_begin_and_end_in_their_order_and_not_early() -> None:
    patients, _, took_s = acted(
        Fault(Kind.BLACK_HOLE, "a", 0.0, 0.1, number=1),
        Fault(Kind.DELAY, "a", 0.05, 0.1, 1.0, number=2),
        Fault(Kind.CUT, "*", 0.1, number=3),
    )
    assert patients["a"].told == ["begin black_hole", "begin delay", "end black_hole", "begin cut", "end delay"]
    assert patients["b"].told == ["begin cut"]
    assert took_s >= 0.15


def test_a_fault_that_comes_again_ends_and_begins_each_time() -> None:
    every = Fault(Kind.MUTE, "a", 0.0, 0.02, every_s=0.02, number=1)

    async def for_a_while() -> list[str]:
        patient = Notes()
        acting = asyncio.create_task(act(Schedule((every,)), {"a": patient}, FaultLog(), datetime.now(UTC)))
        async with asyncio.timeout(10):
            while len(patient.told) < 9:
                await asyncio.sleep(0.005)
        acting.cancel()
        return patient.told[:9]

    assert asyncio.run(for_a_while()) == ["begin mute", "end mute"] * 4 + ["begin mute"]


def test_the_log_tells_whom_each_fault_was_done_to_and_when_it_was_meant_to_be() -> None:
    _, lines, _ = acted(Fault(Kind.DELAY, "*", 0.01, 0.02, 1.5, number=1))
    assert [(line["fault"], line["on"], line["amount"]) for line in lines] == [("delay", "a", 1.5), ("delay", "b", 1.5)]
    at, until = (datetime.fromisoformat(str(lines[0][key])) for key in ("at", "until"))
    assert until - at == timedelta(seconds=0.02)
