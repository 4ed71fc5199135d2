"""The quick decoder: it takes what the contract takes, refuses what the contract refuses, and says the same of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.ingest import quick
from tagdock_cloud.ingest.quick import decode_quickly
from tagdock_contract import Batch, BinReading, ContractError, Movement, ReaderEvent, decode_batch, encode

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPOCH = UUID(int=7)
PLACES: dict[str, Any] = {"door": "D1"}


def good(**changes: Any) -> dict[str, Any]:
    """A batch that is worth the quick way, as JSON; `changes` go into its last movement."""
    movements = [
        Movement(event_id=uuid4(), observed_at=NOON, site="s1", epc=f"urn:epc:raw:96.x{number}", epc_hex="30AB",
                 direction="out", confidence=0.5, door="D1", evidence={"reads": 1})
        for number in range(12)
    ]  # fmt: skip
    key: dict[str, Any] = {"observed_at": NOON, "site": "s1"}
    others = [
        BinReading(event_id=uuid4(), bin="A-1", quantity="mass_kg", value=1.5, **key),
        ReaderEvent(event_id=uuid4(), reader="dock-1", state="up", **key),
    ]
    batch = Batch(epoch=EPOCH, seq=1, sent_at=NOON, events=(*others, *movements))
    said: dict[str, Any] = msgspec.json.decode(encode(batch))
    said["events"][-1] |= changes
    return said


def plain(batch: Batch) -> Any:
    """A batch as what its JSON says: evidence that was left alone is JSON still."""
    said = msgspec.json.decode(msgspec.json.encode(batch))
    for event in said["events"]:
        if event.get("evidence") == {}:
            del event["evidence"]
    return said


def what_becomes_of(decode: Callable[[bytes], Batch], payload: bytes) -> Any:
    try:
        return plain(decode(payload))
    except ContractError as error:
        return str(error), error.epoch, error.seq


@pytest.fixture(autouse=True, scope="module")
def _knows_the_places() -> None:
    decode_quickly(msgspec.json.encode(good()))


def test_a_clean_batch_goes_the_quick_way_and_comes_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = msgspec.json.encode(good())
    expected = plain(decode_batch(payload))
    monkeypatch.delattr(quick, "decode_batch")
    assert plain(decode_quickly(payload)) == expected


WRONG: dict[str, dict[str, Any]] = {
    "an EPC with a space": {"epc": "urn:epc raw"},
    "an empty EPC": {"epc": ""},
    "an EPC that is too long": {"epc": "x" * 401},
    "an EPC with a line feed": {"epc": "urn:epc\n"},
    "an EPC beyond ASCII": {"epc": "urn:épc"},
    "hex of half a byte": {"epc_hex": "30A"},
    "hex of nothing": {"epc_hex": ""},
    "hex that is none": {"epc_hex": "30ZZ"},
    "hex in other digits": {"epc_hex": "३०"},
    "hex that is too long": {"epc_hex": "30" * 63},
    "a door of no name": {"door": " D1"},
    "no place": {"door": None},
    "two places": {"bin": "A-1"},
    "uncertain at a bin": {"door": None, "bin": "D1", "direction": "uncertain"},
    "a site with a slash": {"site": "s/1"},
    "a site that is a door's name elsewhere": {"site": "A.1"},
    "a time without an offset": {"observed_at": "2026-03-02T12:00:00"},
    "a time in another millennium": {"observed_at": "1999-03-02T12:00:00Z"},
    "a time with an offset": {"observed_at": "2026-03-02T12:00:00+05:30"},
    "U+0000 in evidence": {"evidence": {"a": "\x00"}},
    "deep evidence": {"evidence": {"a": [[[[[[[[[1]]]]]]]]]}},
    "a huge number in evidence": {"evidence": {"a": 10**30}},
    "a number just beyond 64 bits in evidence": {"evidence": {"a": [2**63]}},
    "evidence that is no object": {"evidence": [{"a": 1}]},
    "no evidence at all": {"evidence": None},
    "evidence that is one number": {"evidence": 5},
    "evidence as deep as may be": {"evidence": {"a": [[[[[[[1]]]]]]]}},
    "evidence too deep by one": {"evidence": {"a": [[[[[[[[1]]]]]]]]}},
    "depth hidden behind brackets in strings": {
        "evidence": {
            "a": ["]", ["]", ["]", ["]", ["]", ["]", ["]", ["]", 1, "["], "["], "["], "["], "["], "["], "["], "["]
        }
    },
    "brackets in strings": {"evidence": {"]{": "}[[", "a": '"', "b": "\\"}},
    "an identifier in capitals": {"event_id": str(UUID(int=0xABCDEF)).upper()},
    "an identifier without dashes": {"event_id": UUID(int=0xABCDEF).hex},
    "an identifier with its dashes elsewhere": {"event_id": "000000000-000-0000-0000-00000000000a"},
    "an identifier of digits beyond ASCII": {"event_id": "00000000-0000-0000-0000-00000000000३"},
    "a number for a name": {"epc": 5},
    "confidence beyond one": {"confidence": 1.5},
    "an unknown type": {"type": "elephant"},
    "another's event id": {"event_id": "00000000-0000-0000-0000-00000000000g"},
    "a new door": {"door": "D-new"},
    "a field that nobody knows": {"colour": "red"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_says_of_everything_what_the_contract_says(changes: dict[str, Any]) -> None:
    payload = msgspec.json.encode(good(**changes))
    assert what_becomes_of(decode_quickly, payload) == what_becomes_of(decode_batch, payload)


RAW_EVIDENCE: dict[str, bytes] = {
    "no UTF-8": b'{"a":"\xff"}',
    "half a pair of surrogates": b'{"a":"\xed\xa0\x80"}',
    "a number without end": b'{"a":1e999999}',
    "a number with an exponent in capitals": b'{"a":1E5}',
    "a control character": b'{"a":"\x01"}',
    "U+0000 before a bracket": b'{"a":"\x00{"}',
    "spaces and letters beyond ASCII": ' { "a" : "é" } '.encode(),
    "the same name twice": b'{"a":1,"a":2}',
}


@pytest.mark.parametrize("evidence", RAW_EVIDENCE.values(), ids=RAW_EVIDENCE)
def test_says_of_evidence_that_no_encoder_writes_what_the_contract_says(evidence: bytes) -> None:
    payload = msgspec.json.encode(good(evidence={"here": 1})).replace(b'{"here":1}', evidence)
    assert what_becomes_of(decode_quickly, payload) == what_becomes_of(decode_batch, payload)


@pytest.mark.parametrize(
    "write", [str, lambda one: str(one).upper(), lambda one: one.hex], ids=["same", "capitals", "hex"]
)
def test_an_event_that_stands_twice_is_refused(write: Callable[[UUID], str]) -> None:
    said = good()
    said["events"].append(said["events"][-1] | {"event_id": write(UUID(said["events"][-1]["event_id"]))})
    with pytest.raises(ContractError, match="stands twice"):
        decode_quickly(msgspec.json.encode(said))


def test_identifiers_that_are_some_only_when_put_together_are_refused() -> None:
    said = good()
    one, other = said["events"][-2:]
    one["event_id"], other["event_id"] = one["event_id"][:-1], one["event_id"][-1] + other["event_id"]
    payload = msgspec.json.encode(said)
    assert what_becomes_of(decode_quickly, payload) == what_becomes_of(decode_batch, payload)


@given(data=st.data())
def test_says_of_any_mutilation_what_the_contract_says(data: st.DataObject) -> None:
    payload = msgspec.json.encode(good())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        length = data.draw(st.integers(0, 12))
        part = data.draw(
            st.one_of(st.binary(max_size=12), st.sampled_from([b"null", b"\\ud800", b"1e999", b"[[", b'"']))
        )
        payload = payload[:at] + part + payload[at + length :]
    assert what_becomes_of(decode_quickly, payload) == what_becomes_of(decode_batch, payload)
