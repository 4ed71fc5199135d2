import json
import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_contract import (
    MAX_PAYLOAD_BYTES,
    Ack,
    AntennaEvidence,
    Batch,
    BinReading,
    ContractError,
    Evidence,
    InputChange,
    Movement,
    ReaderEvent,
    ReaderStatus,
    Refusal,
    Status,
    TagRead,
    decode_ack,
    decode_batch,
    decode_event,
    decode_record,
    decode_status,
    encode,
    read_evidence,
    utc_text,
    write_evidence,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
EPOCH = UUID("6d2c0f1e-9a4b-4c58-8d11-2f60b1a7c9e3")
READING = BinReading(UUID(int=7), NOON, "s", "A-01-1", "mass_kg", 12.5)
DEEP = 100_000

# ---- strategies: everything that is valid -------------------------------------------------------------------------

names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
places = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}", fullmatch=True)
epcs = st.from_regex(r"[\x21-\x7e]{1,400}", fullmatch=True)
epc_hexes = st.binary(min_size=1, max_size=62).map(bytes.hex)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC) | offsets)  # noqa: DTZ001
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)
floats = st.floats(allow_nan=False, allow_infinity=False)
units = st.floats(0, 1)
counts = st.integers(0, 2**53)
ports = st.integers(0, 65535)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | floats | texts
objects = st.dictionaries(
    texts,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
    ),
    max_size=4,
).filter(lambda value: _depth(value) <= 8)
movements = st.builds(
    Movement,
    st.uuids(),
    instants,
    names,
    epcs,
    epc_hexes,
    st.sampled_from(["in", "out", "pass", "uncertain"]),
    units,
    door=places,
    evidence=objects,
) | st.builds(
    Movement,
    st.uuids(),
    instants,
    names,
    epcs,
    epc_hexes,
    st.sampled_from(["in", "out"]),
    units,
    bin=places,
    evidence=objects,
)
quantities = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
bin_readings = st.builds(BinReading, st.uuids(), instants, names, places, quantities, floats)
reader_events = st.builds(ReaderEvent, st.uuids(), instants, names, places, st.just("down"), st.none() | ports, texts)
events = movements | bin_readings | reader_events
seqs = st.integers(0, 2**63 - 1)
batches = st.builds(
    Batch,
    epoch=st.uuids(),
    seq=seqs,
    sent_at=instants,
    events=st.lists(events, min_size=1, max_size=5, unique_by=lambda event: event.event_id).map(tuple),
)
acks = st.builds(
    Ack,
    epoch=st.uuids(),
    committed=st.lists(seqs, max_size=5).map(tuple),
    refused=st.lists(st.builds(Refusal, seqs, texts), max_size=3).map(tuple),
)
reader_statuses = st.builds(ReaderStatus, places, st.just("up"), st.none() | instants, counts, texts)
statuses = st.builds(
    Status,
    site=names,
    gateway=names,
    state=st.sampled_from(["online", "offline"]),
    at=instants,
    outbox_events=counts,
    oldest_unacked_at=st.none() | instants,
    readers=st.lists(reader_statuses, max_size=3).map(tuple),
    software=texts,
)
reads = st.builds(
    TagRead,
    instants,
    places,
    ports,
    epc_hexes,
    st.floats(-200, 50),
    st.none() | st.floats(-360, 360),
    st.none() | floats,
    st.none() | ports,
    st.integers(1, 2**32),
)
input_changes = st.builds(InputChange, instants, places, ports, st.booleans())


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


# ---- what is valid survives the way out and back -------------------------------------------------------------------

ROUND_TRIPS = [
    pytest.param(batches, decode_batch, id="batch"),
    pytest.param(acks, decode_ack, id="ack"),
    pytest.param(statuses, decode_status, id="status"),
    pytest.param(events, decode_event, id="event"),
    pytest.param(reads | input_changes, decode_record, id="record"),
]


@pytest.mark.parametrize(("strategy", "decode"), ROUND_TRIPS)
@given(data=st.data())
def test_what_is_valid_survives_the_way_out_and_back(strategy: Any, decode: Any, data: Any) -> None:
    message = data.draw(strategy)
    payload = encode(message)
    assert decode(payload) == message
    assert encode(decode(payload)) == payload


@given(batches)
def test_every_time_is_written_as_utc_with_z(batch: Batch) -> None:
    document = json.loads(encode(batch))
    assert all(
        at.endswith("Z") for at in [document["sent_at"], *(event["observed_at"] for event in document["events"])]
    )


def test_a_time_of_another_offset_comes_in_as_the_same_instant_in_utc(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes]
) -> None:
    event = decode_batch(batch_bytes(movement | {"observed_at": "2026-01-05T16:00:00+08:00"})).events[0]
    assert event.observed_at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert event.observed_at.tzinfo is UTC


def test_of_a_key_that_stands_twice_the_last_counts(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes]
) -> None:
    assert decode_batch(batch_bytes(movement).replace(b'"seq": 17', b'"seq": 1, "seq": 2')).seq == 2


# ---- what is hostile is refused by name ----------------------------------------------------------------------------

CHARACTERS = "holds U+0000 or half a surrogate pair"
HOSTILE_EVIDENCE = [
    pytest.param(b'"\\ud800"', "$.events[0].evidence.x", CHARACTERS, id="escaped lone surrogate"),
    pytest.param(b'"\xed\xa0\x80"', "$.events[0].evidence.x", CHARACTERS, id="raw lone surrogate"),
    pytest.param(b'"\\u0000"', "$.events[0].evidence.x", CHARACTERS, id="escaped U+0000"),
    pytest.param(b'"\x00"', "$.events[0].evidence.x", CHARACTERS, id="raw U+0000"),
    pytest.param(b'{"\\u0000": 1}', "$.events[0].evidence.x", CHARACTERS, id="U+0000 in a key"),
    pytest.param(b"NaN", "$.events[0].evidence.x", "must be a finite number", id="NaN"),
    pytest.param(b"[1, -Infinity]", "$.events[0].evidence.x[1]", "must be a finite number", id="infinity"),
    pytest.param(b"1e400", "$.events[0].evidence[...]", "Number out of range", id="beyond a double"),
    pytest.param(b"9" * 5000, "$.events[0].evidence[...]", "Integer value out of range", id="5,000 digits"),
    pytest.param(b"[" * DEEP + b"]" * DEEP, "$", "is nested too deeply", id="deep and closed"),
    pytest.param(b'{"a":' * DEEP, "$", "is nested too deeply", id="deep and open"),
    pytest.param(
        b"[" * 900 + b"]" * 900, "$.events[0].evidence[...]" + "[0]" * 7, "got `array`", id="deep, within the stack"
    ),
    pytest.param(b'"\xff"', "$", "", id="no UTF-8"),
]


@pytest.mark.parametrize(("raw", "field", "reason"), HOSTILE_EVIDENCE)
def test_hostile_evidence_is_refused_by_place_epoch_and_seq(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes], raw: bytes, field: str, reason: str
) -> None:
    with pytest.raises(ContractError) as caught:
        decode_batch(batch_bytes(movement | {"evidence": {"x": "RAW"}}, raw=raw))
    assert caught.value.field.startswith(field)
    assert reason in caught.value.reason
    assert (caught.value.epoch, caught.value.seq) == (str(EPOCH), 17)


def test_ten_megabytes_are_refused_by_name_without_being_read(batch_bytes: Callable[..., bytes]) -> None:
    with pytest.raises(ContractError, match=r"^\$: has 10,000,\d+ bytes; at most 2,097,152") as caught:
        decode_batch(batch_bytes("x" * 10_000_000))
    assert (caught.value.epoch, caught.value.seq) == (str(EPOCH), 17)


def test_a_thousand_events_are_taken_and_one_more_is_not(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes]
) -> None:
    many = [movement | {"event_id": str(UUID(int=number))} for number in range(1001)]
    assert len(decode_batch(batch_bytes(*many[:1000])).events) == 1000
    with pytest.raises(ContractError, match=r"^\$\.events: .*length <= 1000"):
        decode_batch(batch_bytes(*many))


def test_unknown_fields_may_hold_what_known_ones_may_not(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes]
) -> None:
    decode_batch(batch_bytes(movement | {"unknown": ["\x00", "RAW"]}, raw=b"9" * 5000))


@pytest.mark.parametrize(
    "envelope", [{"epoch": 5}, {"epoch": "x"}, {"seq": "1"}, {"seq": True}, {"seq": 2**70}, {"seq": -1}]
)
def test_an_unreadable_envelope_is_not_guessed(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes], envelope: dict[str, Any]
) -> None:
    with pytest.raises(ContractError) as caught:
        decode_batch(batch_bytes(movement, **envelope))
    expected = {"epoch": str(EPOCH), "seq": 17} | dict.fromkeys(envelope)
    assert {"epoch": caught.value.epoch, "seq": caught.value.seq} == expected


def test_the_first_bad_version_is_named_before_anything_else(batch_bytes: Callable[..., bytes]) -> None:
    with pytest.raises(ContractError, match=r"^\$\.v: only version 1"):
        decode_batch(batch_bytes({"of": "another world"}, v=2, sent_at=None))


def test_finding_the_culprit_takes_a_few_steps_a_leaf_however_deep_it_lies(
    movement: dict[str, Any], batch_bytes: Callable[..., bytes]
) -> None:
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    leaves = 5_000
    payload = batch_bytes(movement | {"x": "RAW"}, raw=b"[" * 850 + b"1," * leaves + b"NaN" + b"]" * 850)
    sys.setprofile(count)
    try:
        with pytest.raises(ContractError, match="finite"):
            decode_batch(payload)
    finally:
        sys.setprofile(None)
    assert steps < 60 * leaves  # nested generators took 850 and more a leaf: 21 seconds for 2 MB


@pytest.mark.parametrize("decode", [decode_batch, decode_ack, decode_status, decode_event, decode_record])
@given(data=st.data())
def test_any_bytes_give_a_message_or_a_contract_error(decode: Callable[[bytes], object], data: Any) -> None:
    valid = encode(Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=(READING,)))
    start, stop = sorted((data.draw(st.integers(0, len(valid))), data.draw(st.integers(0, len(valid)))))
    payload = data.draw(st.binary() | st.binary(max_size=9).map(lambda noise: valid[:start] + noise + valid[stop:]))
    try:
        decode(payload)
    except ContractError as error:
        assert error.field.startswith("$")
        assert str(error).isprintable()


json_values = st.recursive(
    scalars | st.just(math.nan), lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


@given(st.sampled_from(["v", "epoch", "seq", "sent_at", "events"]), json_values)
def test_any_json_in_an_envelope_field_is_judged_not_crashed_on(field: str, value: object) -> None:
    document = json.loads(encode(Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=(READING,))))
    try:
        decode_batch(json.dumps(document | {field: value}).encode())
    except ContractError as error:
        assert error.epoch == (None if field == "epoch" else str(EPOCH)) or field == "epoch"


@given(st.sampled_from(["type", "event_id", "observed_at", "site", "bin", "quantity", "value", "quality"]), json_values)
def test_any_json_in_an_event_field_is_judged_not_crashed_on(field: str, value: object) -> None:
    document = json.loads(encode(READING))
    try:
        decode_event(json.dumps(document | {field: value}).encode())
    except ContractError as error:
        assert error.field.startswith("$")


# ---- what would be refused never leaves ---------------------------------------------------------------------------

UNSENDABLE = [
    pytest.param({"value": math.nan}, "$.value", id="NaN"),
    pytest.param({"value": math.inf}, "$.value", id="infinity"),
    pytest.param({"value": "12"}, "$.value", id="a word for a number"),
    pytest.param({"value": None}, "$.value", id="null for a number"),
    pytest.param({"value": 10**400}, "$.value", id="an integer of 400 digits"),
    pytest.param({"site": "a/b"}, "$.site", id="a site that splits a topic"),
    pytest.param({"bin": "\ud800"}, "$.bin", id="half a surrogate pair"),
    pytest.param({"bin": "A\x00"}, "$.bin", id="U+0000"),
    pytest.param({"observed_at": NOON.replace(tzinfo=None)}, "$.observed_at", id="a naive time"),
    pytest.param({"observed_at": NOON.replace(year=9999)}, "$.observed_at", id="the year 9999"),
    pytest.param({"quality": "fine"}, "$.quality", id="an unknown quality"),
    pytest.param({"value": object()}, "$", id="no JSON type"),
]


@pytest.mark.parametrize(("fields", "field"), UNSENDABLE)
def test_encode_refuses_what_decode_would_refuse(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ContractError) as caught:
        encode(msgspec.structs.replace(READING, **fields))
    assert caught.value.field == field


def test_encode_names_the_event_and_refuses_optional_and_nested_nan() -> None:
    bad = Movement(UUID(int=8), NOON, "s", "urn:x", "30", "out", 0.5, door="D1", evidence={"scores": [0.5, math.nan]})
    with pytest.raises(ContractError, match=r"^\$\.events\[1\]\.evidence\.scores\[1\]: must be a finite number"):
        encode(Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=(READING, bad)))
    with pytest.raises(ContractError, match=r"^\$\.doppler_hz: must be a finite number"):
        encode(TagRead(NOON, "r", 1, "30", -50.0, doppler_hz=math.nan))


@pytest.mark.parametrize(
    ("batch", "field"),
    [
        pytest.param(Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=()), r"\$\.events", id="empty"),
        pytest.param(
            Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=(READING, READING)), r"\$\.events\[1\]\.event_id", id="twice"
        ),
        pytest.param(Batch(epoch=EPOCH, seq=-1, sent_at=NOON, events=(READING,)), r"\$\.seq", id="negative seq"),
        pytest.param(Batch(epoch=EPOCH, seq=2**64, sent_at=NOON, events=(READING,)), r"\$\.seq", id="seq of 65 bits"),
    ],
)
def test_encode_refuses_a_batch_that_would_be_refused(batch: Batch, field: str) -> None:
    with pytest.raises(ContractError, match=f"^{field}: "):
        encode(batch)


def test_a_batch_may_be_built_around_events_that_were_encoded_before() -> None:
    bare = ReaderEvent(UUID(int=9), NOON, "s", "dock-1", "up", detail="says null")
    events: Any = tuple(msgspec.Raw(encode(event)) for event in (READING, bare))
    assert decode_batch(encode(Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=events))).events == (READING, bare)


def test_encode_refuses_more_bytes_than_are_taken() -> None:
    evidence = {"x": "y" * MAX_PAYLOAD_BYTES}
    with pytest.raises(ContractError, match="at most"):
        encode(Movement(UUID(int=8), NOON, "s", "urn:x", "30", "out", 0.5, door="D1", evidence=evidence))


def test_encode_refuses_evidence_that_goes_round_in_circles() -> None:
    evidence: dict[str, Any] = {}
    evidence["self"] = evidence
    with pytest.raises(ContractError):
        encode(Movement(UUID(int=8), NOON, "s", "urn:x", "30", "out", 0.5, door="D1", evidence=evidence))


# ---- records, evidence, times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ['{"at": "\ud800"}', "", "[]", '{"gpi":', "{" * DEEP])
def test_a_bad_line_of_a_recording_is_a_contract_error(line: str) -> None:
    with pytest.raises(ContractError):
        decode_record(line)


def test_evidence_in_tagdocks_own_shape_can_be_read_back() -> None:
    seen = AntennaEvidence("dock-1", 1, 7, NOON, NOON, -48.5, NOON, "outside")
    evidence = Evidence(reads=7, antennas=(seen,), reason="strongest door")
    movement = Movement(UUID(int=8), NOON, "s", "urn:x", "30", "out", 0.5, door="D1", evidence=write_evidence(evidence))
    back = decode_event(encode(movement))
    assert isinstance(back, Movement)
    assert read_evidence(back) == evidence


@pytest.mark.parametrize(
    "evidence", [{"reads": "many"}, {"photo_eyes": [{"side": "inside", "broken_at": "9999-01-01T00:00:00Z"}]}]
)
def test_evidence_in_other_words_is_read_as_none(evidence: dict[str, Any]) -> None:
    assert (
        read_evidence(Movement(UUID(int=8), NOON, "s", "urn:x", "30", "out", 0.5, door="D1", evidence=evidence)) is None
    )


def test_utc_text_is_utc_with_microseconds_and_refuses_naive_times() -> None:
    assert utc_text(NOON.astimezone(timezone(timedelta(hours=8)))) == "2026-01-05T12:00:00.000000Z"
    with pytest.raises(ValueError, match="needs an offset"):
        utc_text(NOON.replace(tzinfo=None))
