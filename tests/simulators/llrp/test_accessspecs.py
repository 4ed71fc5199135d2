"""AccessSpecs: which tags they are for, what they do, and what the client is told of it."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.accessspec import (
    AccessCommand,
    AccessReportSpec,
    AccessReportTrigger,
    AccessSpecState,
    AccessSpecStopTrigger,
    AccessStopTrigger,
    C1G2BlockErase,
    C1G2BlockPermalock,
    C1G2BlockWrite,
    C1G2GetBlockPermalockStatus,
    C1G2Kill,
    C1G2Lock,
    C1G2LockPayload,
    C1G2Read,
    C1G2Recommission,
    C1G2TagSpec,
    C1G2TargetTag,
    C1G2Write,
    ClientRequestOpSpec,
    LockField,
    LockPrivilege,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.fields import BitString
from tagdock_simulators.llrp.impinj import (
    ImpinjAccessSpecConfiguration,
    ImpinjAccessSpecOrdering,
    ImpinjEnableExtensions,
    ImpinjEnableOptimizedRead,
    ImpinjEnableSerializedTID,
    ImpinjTagReportContentSelector,
    Mode,
)
from tagdock_simulators.llrp.opresults import KillResult, LockResult, ReadResult, WriteResult
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.rospec import ReportTrigger
from tagdock_simulators.llrp.status import SUCCESS, FieldError
from tagdock_simulators.llrp.tagmemory import tid_of

RESERVED, EPC, TID, USER = range(4)
TID_WORDS = C1G2Read(1, 0, TID, 0, 6)
OTHER = "3034257BF7194E4000001A86"
ALL = BitString(0, b"")
SILENT = replace(GENERIC, block_permalock=True)


@pytest.fixture
def clerk(clerk_of: Any) -> Any:
    return clerk_of(SILENT)


@pytest.fixture
def modern(clerk: Any) -> Any:
    """A client that speaks LLRP 1.1."""
    assert clerk.ask(m.SetProtocolVersion(2))[0].status == SUCCESS
    return clerk


def start(clerk: Any, rospec: Any, *specs: Any) -> None:
    for spec in specs:
        for request in (m.AddAccessSpec(spec), m.EnableAccessSpec(spec.access_spec_id)):
            (answer,) = clerk.ask(request)
            assert answer.status == SUCCESS, answer
    clerk.run(rospec)


def tags(said: list[Any]) -> list[Any]:
    return [tag for message in said if isinstance(message, m.ROAccessReport) for tag in message.tags]


def results(said: list[Any]) -> list[Any]:
    return [result for tag in tags(said) for result in tag.op_results]


def outcomes(said: list[Any]) -> list[Any]:
    return [result.result for result in results(said)]


def do(clerk: Any, rospec: Any, access_spec: Any, read: Any, *ops: Any) -> list[Any]:
    """Let a tag come by once, with these operations to do."""
    start(clerk, rospec(), access_spec(*ops))
    return clerk.feed(read())  # type: ignore[no-any-return]


def as_words(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


class TestOperations:
    def test_a_tid_is_read_and_the_report_names_the_access_spec(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        (tag,) = tags(do(clerk, rospec, access_spec, read, TID_WORDS))
        (result,) = tag.op_results
        assert (result.result, result.op_spec_id) == (ReadResult.SUCCESS, 1)
        assert result.data == as_words(tid_of(bytes.fromhex(read().epc)))
        assert tag.access_spec_id.access_spec_id == 1

    def test_what_was_written_is_read_later(self, clerk: Any, rospec: Any, access_spec: Any, read: Any) -> None:
        ops = (C1G2Write(1, 0, USER, 4, (7, 8)), C1G2BlockWrite(2, 0, USER, 6, (9,)), C1G2Read(3, 0, USER, 4, 3))
        written, at_once, seen = results(do(clerk, rospec, access_spec, read, *ops))
        assert (written.words_written, at_once.words_written, seen.data) == (2, 1, (7, 8, 9))
        clerk.ask(m.DeleteAccessSpec(0))
        start(clerk, rospec(rospec_id=2), access_spec(C1G2BlockErase(1, 0, USER, 4, 2), C1G2Read(2, 0, USER, 4, 3)))
        assert results(clerk.feed(read()))[1].data == (0, 0, 9)
        assert results(clerk.feed(read(epc=OTHER)))[1].data == (0, 0, 0)

    def test_a_tag_with_a_new_epc_answers_with_it_and_keeps_its_tid(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        do(clerk, rospec, access_spec, read, C1G2Write(1, 0, EPC, 1, (2 << 11, 0xAAAA, 0xBBBB)))
        clerk.ask(m.DeleteAccessSpec(0))
        clerk.ask(m.AddAccessSpec(access_spec(TID_WORDS)))
        clerk.ask(m.EnableAccessSpec(0))
        (tag,) = tags(clerk.feed(read()))
        assert tag.epc.epc.data.hex() == "aaaabbbb"
        assert tag.op_results[0].data == as_words(tid_of(bytes.fromhex(read().epc)))

    def test_a_killed_tag_is_silent_and_its_neighbour_is_not(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        ops = (C1G2Write(1, 0, RESERVED, 0, (0xDEAD, 0xBEEF)), C1G2Kill(2, 0xDEADBEEF))
        assert outcomes(do(clerk, rospec, access_spec, read, *ops)) == [WriteResult.SUCCESS, KillResult.SUCCESS]
        assert clerk.feed(read()) == []
        assert len(tags(clerk.feed(read(epc=OTHER)))) == 1

    def test_the_first_operation_that_fails_is_the_last(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        ops = (C1G2Kill(1, 0), C1G2Write(2, 0, USER, 0, (7,)))
        assert outcomes(do(clerk, rospec, access_spec, read, *ops)) == [KillResult.ZERO_KILL_PASSWORD_ERROR]

    def test_blocks_of_user_memory_are_locked_for_ever(
        self, modern: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        ops = (
            C1G2BlockPermalock(1, 0, USER, 0, (0x4000,)),
            C1G2GetBlockPermalockStatus(2, 0, USER, 0, 1),
            C1G2Write(3, 0, USER, 8, (7,)),
        )
        locked, status, write = results(do(modern, rospec, access_spec, read, *ops))
        assert (locked.result, status.status) == (LockResult.SUCCESS, (0x4000,))
        assert write.result is WriteResult.TAG_MEMORY_LOCKED_ERROR

    def test_optimized_reads_are_done_to_every_tag_without_an_access_spec(
        self, clerk_of: Any, rospec: Any, read: Any
    ) -> None:
        clerk = clerk_of()
        clerk.ask(ImpinjEnableExtensions())
        optimized = ImpinjEnableOptimizedRead(Mode.ON, (C1G2Read(9, 0, TID, 0, 2),))
        selector = ImpinjTagReportContentSelector(tid=ImpinjEnableSerializedTID(Mode.ON), optimized_read=optimized)
        clerk.run(rospec(report=replace(rospec().report, custom=(selector,))))
        (tag,) = tags(clerk.feed(read()))
        assert [(result.op_spec_id, result.data) for result in tag.op_results] == [(9, (0xE280, 0x1105))]
        (serial,) = tag.custom
        assert serial.tid == as_words(tid_of(bytes.fromhex(read().epc)))


BEYOND = C1G2Read(1, 0, TID, 5, 2)
WRITE_TID = C1G2Write(1, 0, TID, 0, (1,))
WRONG = (C1G2Write(1, 0, RESERVED, 2, (0, 1)), C1G2Read(2, 99, USER, 0, 1))
LOCKED = (
    C1G2Write(1, 0, RESERVED, 2, (0, 1)),
    C1G2Lock(2, 1, (C1G2LockPayload(LockPrivilege.READ_WRITE, LockField.ACCESS_PASSWORD),)),
    C1G2Read(3, 0, RESERVED, 2, 2),
)
FAILURES: dict[str, tuple[tuple[Any, ...], Any, Any]] = {
    "read beyond the end": ((BEYOND,), ReadResult.NONSPECIFIC_TAG_ERROR, ReadResult.TAG_MEMORY_OVERRUN_ERROR),
    "write what is locked": (
        (WRITE_TID,),
        WriteResult.TAG_MEMORY_LOCKED_ERROR,
        WriteResult.TAG_MEMORY_LOCKED_ERROR,
    ),
    "write beyond the end": (
        (C1G2Write(1, 0, USER, 31, (1, 2)),),
        WriteResult.TAG_MEMORY_OVERRUN_ERROR,
        WriteResult.TAG_MEMORY_OVERRUN_ERROR,
    ),
    "wrong password": (WRONG, ReadResult.NONSPECIFIC_TAG_ERROR, ReadResult.INCORRECT_PASSWORD_ERROR),
    "read what is locked": (LOCKED, ReadResult.NONSPECIFIC_TAG_ERROR, ReadResult.TAG_MEMORY_LOCKED_ERROR),
    "kill without a password": (
        (C1G2Kill(1, 5),),
        KillResult.ZERO_KILL_PASSWORD_ERROR,
        KillResult.ZERO_KILL_PASSWORD_ERROR,
    ),
}


@pytest.mark.parametrize("version", [1, 2], ids=["1.0.1", "1.1"])
@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_failure_is_told_in_the_words_of_the_version(
    failure: str, version: int, clerk: Any, rospec: Any, access_spec: Any, read: Any
) -> None:
    ops, *told = FAILURES[failure]
    if version == 2:
        clerk.ask(m.SetProtocolVersion(2))
    assert outcomes(do(clerk, rospec, access_spec, read, *ops))[-1] is told[version - 1]


def pattern(bank: int, pointer: int, mask: str, data: str, match: bool = True) -> C1G2TargetTag:
    bits = len(mask) * 4
    return C1G2TargetTag(
        bank, match, pointer, BitString(bits, bytes.fromhex(mask)), BitString(bits, bytes.fromhex(data))
    )


TARGETS: dict[str, tuple[tuple[C1G2TargetTag, ...], list[bool]]] = {
    "everyone": ((C1G2TargetTag(EPC, True, 0, ALL, ALL),), [True, True]),
    "one EPC": ((pattern(EPC, 32, "ff" * 12, "3034257BF7194E4000001A85"),), [True, False]),
    "all but one EPC": ((pattern(EPC, 32, "ff" * 12, "3034257BF7194E4000001A85", match=False),), [False, True]),
    "last bit of the EPC": ((pattern(EPC, 120, "01", "01"),), [True, False]),
    "the chip's model": ((pattern(TID, 0, "ffffffff", "e2801105"),), [True, True]),
    "another chip": ((pattern(TID, 0, "ffffffff", "e2806894"),), [False, False]),
    "both patterns": ((pattern(TID, 0, "ffff", "e280"), pattern(EPC, 120, "ff", "86")), [False, True]),
}


@pytest.mark.parametrize(("targets", "met"), TARGETS.values(), ids=TARGETS.keys())
def test_an_access_spec_is_for_the_tags_of_its_patterns(
    targets: tuple[C1G2TargetTag, ...], met: list[bool], clerk: Any, rospec: Any, access_spec: Any, read: Any
) -> None:
    start(clerk, rospec(), access_spec(command=AccessCommand(C1G2TagSpec(targets), (TID_WORDS,))))
    assert [bool(results(clerk.feed(read(epc=epc)))) for epc in (read().epc, OTHER)] == met


class TestLife:
    def test_shows_its_state_and_works_only_when_it_is_active(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        clerk.ask(m.AddAccessSpec(access_spec()))
        clerk.run(rospec())
        seen = []
        for request in (m.EnableAccessSpec(1), m.DisableAccessSpec(1), m.EnableAccessSpec(0)):
            clerk.ask(request)
            (shown,) = clerk.ask(m.GetAccessSpecs())[0].access_specs
            seen.append((shown.state, len(results(clerk.feed(read())))))
        active, disabled = AccessSpecState.ACTIVE, AccessSpecState.DISABLED
        assert seen == [(active, 1), (disabled, 0), (active, 1)]
        clerk.ask(m.DeleteAccessSpec(1))
        assert clerk.ask(m.GetAccessSpecs())[0].access_specs == ()
        assert results(clerk.feed(read())) == []

    def test_is_gone_when_it_was_done_often_enough(self, clerk: Any, rospec: Any, access_spec: Any, read: Any) -> None:
        start(clerk, rospec(), access_spec(stop=AccessSpecStopTrigger(AccessStopTrigger.OPERATION_COUNT, 2)))
        assert [len(results(clerk.feed(read()))) for _ in range(4)] == [1, 1, 0, 0]
        assert clerk.ask(m.GetAccessSpecs())[0].access_specs == ()

    def test_outlives_the_connection_and_a_reset_forgets_it(self, clerk: Any, access_spec: Any) -> None:
        clerk.ask(m.AddAccessSpec(access_spec()))
        clerk.device.lose()
        clerk.device.accept(clerk.now_us)
        assert len(clerk.ask(m.GetAccessSpecs())[0].access_specs) == 1
        clerk.ask(m.SetReaderConfig(True))
        assert clerk.ask(m.GetAccessSpecs())[0].access_specs == ()

    @pytest.mark.parametrize(
        ("changes", "met"),
        [({"antenna_id": 2}, [False, True]), ({"rospec_id": 1}, [True, True]), ({"rospec_id": 2}, [False, False])],
        ids=["an antenna's", "this ROSpec's", "another ROSpec's"],
    )
    def test_is_done_only_where_it_belongs(
        self, changes: dict[str, int], met: list[bool], clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        start(clerk, rospec(), access_spec(**changes))
        assert [bool(results(clerk.feed(read(antenna=antenna)))) for antenna in (1, 2)] == met

    def test_the_oldest_that_matches_is_done_and_no_other(
        self, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        start(clerk, rospec(), access_spec(access_spec_id=5), access_spec(access_spec_id=3))
        assert [tag.access_spec_id.access_spec_id for tag in tags(clerk.feed(read()))] == [5]

    def test_the_lowest_id_is_done_where_an_impinj_client_wants_that(
        self, clerk_of: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        clerk = clerk_of()
        clerk.ask(ImpinjEnableExtensions())
        ordering = ImpinjAccessSpecConfiguration(ordering=ImpinjAccessSpecOrdering(1))
        assert clerk.ask(m.SetReaderConfig(False, custom=(ordering,)))[0].status == SUCCESS
        start(clerk, rospec(), access_spec(access_spec_id=5), access_spec(access_spec_id=3))
        assert [tag.access_spec_id.access_spec_id for tag in tags(clerk.feed(read()))] == [3]

    @pytest.mark.parametrize("at_once", [True, False], ids=["at the end of the AccessSpec", "with the ROReport"])
    def test_results_are_reported_when_its_trigger_says(
        self, at_once: bool, clerk: Any, rospec: Any, access_spec: Any, read: Any
    ) -> None:
        trigger = AccessReportTrigger.END_OF_ACCESSSPEC if at_once else AccessReportTrigger.WITH_ROREPORT
        waiting = rospec(report=replace(rospec().report, trigger=ReportTrigger.NONE))
        start(clerk, waiting, access_spec(report=AccessReportSpec(trigger)))
        assert len(results(clerk.feed(read()))) == at_once
        assert len(results(clerk.ask(m.GetReport()))) == (not at_once)


EVERYONE = C1G2TagSpec((C1G2TargetTag(EPC, True, 0, ALL, ALL),))
UNEQUAL = C1G2TargetTag(EPC, True, 0, BitString(8, b"\xff"), ALL)
CANNOT_BE_DONE: dict[str, tuple[dict[str, Any], StatusCode, tuple[int, ...], int | None]] = {
    "id 0": ({"access_spec_id": 0}, StatusCode.A_OUT_OF_RANGE, (207,), 0),
    "antenna": ({"antenna_id": 5}, StatusCode.A_OUT_OF_RANGE, (207,), 1),
    "protocol": ({"protocol_id": 2}, StatusCode.A_OUT_OF_RANGE, (207,), 2),
    "active from the start": ({"state": AccessSpecState.ACTIVE}, StatusCode.A_OUT_OF_RANGE, (207,), 3),
    "three patterns": (
        {"command": AccessCommand(C1G2TagSpec(EVERYONE.targets * 3), (TID_WORDS,))},
        StatusCode.P_OVERFLOW_PARAMETER,
        (207, 209, 338),
        None,
    ),
    "mask without data": (
        {"command": AccessCommand(C1G2TagSpec((UNEQUAL,)), (TID_WORDS,))},
        StatusCode.A_OUT_OF_RANGE,
        (207, 209, 338, 339),
        4,
    ),
    "too many operations": (
        {"command": AccessCommand(EVERYONE, tuple(C1G2Read(number, 0, TID, 0, 1) for number in range(5)))},
        StatusCode.P_OVERFLOW_PARAMETER,
        (207, 209),
        None,
    ),
    "the same operation twice": (
        {"command": AccessCommand(EVERYONE, (TID_WORDS, TID_WORDS))},
        StatusCode.A_OUT_OF_RANGE,
        (207, 209, 341),
        0,
    ),
    "a question to the client": (
        {"command": AccessCommand(EVERYONE, (ClientRequestOpSpec(1),))},
        StatusCode.P_UNSUPPORTED_PARAMETER,
        (207, 209, 210),
        None,
    ),
}


def chain(status: Any) -> tuple[tuple[int, ...], StatusCode, int | None]:
    """The way to what is wrong, what is wrong there, and the field's number."""
    way, inner = [], status.parameter_error
    while True:
        way.append(inner.parameter_type)
        if inner.parameter_error is None:
            field = inner.field_error
            return tuple(way), field.error_code if field else inner.error_code, field.field_number if field else None
        inner = inner.parameter_error


class TestRefusals:
    @pytest.mark.parametrize(("changes", "code", "way", "field"), CANNOT_BE_DONE.values(), ids=CANNOT_BE_DONE.keys())
    def test_what_cannot_be_done(
        self,
        changes: dict[str, Any],
        code: StatusCode,
        way: tuple[int, ...],
        field: int | None,
        clerk: Any,
        access_spec: Any,
    ) -> None:
        (answer,) = clerk.ask(m.AddAccessSpec(access_spec(**changes)))
        assert isinstance(answer, m.AddAccessSpecResponse)
        assert chain(answer.status) == (way, code, field)
        assert clerk.ask(m.GetAccessSpecs())[0].access_specs == ()

    def test_what_the_capabilities_do_not_promise(self, clerk_of: Any, access_spec: Any) -> None:
        clerk = clerk_of()
        erase = access_spec(C1G2BlockErase(1, 0, USER, 0, 1))
        (answer,) = clerk.ask(m.AddAccessSpec(erase))
        assert "C1G2BlockErase is not supported" in answer.status.error_description

    def test_recommissioning(self, modern: Any, access_spec: Any) -> None:
        (answer,) = modern.ask(m.AddAccessSpec(access_spec(C1G2Recommission(1, 5))))
        assert "C1G2Recommission is not supported" in answer.status.error_description

    def test_the_same_twice_one_too_many_and_what_is_not_there(self, clerk: Any, access_spec: Any) -> None:
        clerk.ask(m.AddAccessSpec(access_spec()))
        assert chain(clerk.ask(m.AddAccessSpec(access_spec()))[0].status) == ((207,), StatusCode.A_INVALID, 0)
        for number in range(2, SILENT.max_accessspecs + 1):
            assert clerk.ask(m.AddAccessSpec(access_spec(access_spec_id=number)))[0].status == SUCCESS
        (answer,) = clerk.ask(m.AddAccessSpec(access_spec(access_spec_id=99)))
        assert answer.status.status_code is StatusCode.M_OVERFLOW_PARAMETER
        (answer,) = clerk.ask(m.EnableAccessSpec(99))
        assert answer.status.status_code is StatusCode.M_FIELD_ERROR
        assert answer.status.field_error == FieldError(0, StatusCode.A_INVALID)
