"""The golden messages: decoder and schema are asked separately, and have to agree."""

import copy
import json
from collections.abc import Callable
from functools import cache, reduce
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tagdock_contract import ContractError, decode_ack, decode_batch, decode_record, decode_status

DECODERS: dict[str, Callable[[bytes], object]] = {
    "batch": decode_batch,
    "ack": decode_ack,
    "status": decode_status,
    "recording": decode_record,
}
PACKAGE = files("tagdock_contract")


def _load(kind: str, verdict: str) -> list[Any]:
    cases = json.loads(PACKAGE.joinpath("golden", f"{kind}.json").read_text())[verdict]
    return [pytest.param(kind, case, id=f"{kind}: {case['name']}") for case in cases]


VALID = [case for kind in DECODERS for case in _load(kind, "valid")]
INVALID = [case for kind in DECODERS for case in _load(kind, "invalid")]


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = json.loads(PACKAGE.joinpath("schemas", f"{kind}.schema.json").read_text())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _spelt_out(value: Any) -> Any:
    """Spell a decoded message out as JSON with every field, defaults included."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        return tag | {name: _spelt_out(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_spelt_out(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _spelt_out(inner) for key, inner in value.items()}
    return msgspec.to_builtins(value)


@pytest.mark.parametrize(("kind", "case"), VALID)
def test_a_valid_message_decodes_to_what_is_written_beside_it(kind: str, case: dict[str, Any]) -> None:
    assert _spelt_out(DECODERS[kind](json.dumps(case["message"]).encode())) == case["decoded"]


@pytest.mark.parametrize(("kind", "case"), VALID)
def test_the_schema_takes_a_valid_message(kind: str, case: dict[str, Any]) -> None:
    _validator(kind).validate(case["message"])
    _validator(kind).validate(case["decoded"])


@pytest.mark.parametrize(("kind", "case"), INVALID)
def test_the_decoder_names_the_field_of_an_invalid_message(kind: str, case: dict[str, Any]) -> None:
    text = case["text"] if "text" in case else json.dumps(case["message"])
    with pytest.raises(ContractError) as caught:
        DECODERS[kind](text.encode())
    assert caught.value.field == case["field"]


@pytest.mark.parametrize(("kind", "case"), [case for case in INVALID if "message" in case.values[1]])
def test_the_schema_refuses_what_the_decoder_refuses(kind: str, case: dict[str, Any]) -> None:
    assert _validator(kind).is_valid(case["message"]) == ("beyond_schema" in case)


VALUES = [
    *(None, True, False, 0, 1, -1, 0.5, 65536, 2**53 + 1, 1e308, "", "x", "1", "D1", "D1\n", "a b", "天线"),
    *("2026-01-05T08:00:00Z", "2026-01-05T08:00:00.123456789Z", "2026-01-05T08:00:00-23:59", "2026-02-29T00:00:00Z"),
    *("2026-01-05", "2026-01-05T08:00:00", "2026-01-05T24:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    *("30", "303", "in", "pass", "up", "online", "movement", "bin_reading", "6D2C0F1E-9A4B-4C58-8D11-2F60B1A7C9E3"),
    *([], {}, [1], {"a": 1}, {"a": [[[1]]]}, "x" * 64, "x" * 65, "x" * 1000, "x" * 1001, "𝄞" * 1000, "𝄞" * 1001),
]
REMOVED = object()


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every field and element of a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, deeper in inner for found in [(*place, key), *_places(deeper, (*place, key))]]


@settings(max_examples=400)
@given(st.data())
def test_decoder_and_schema_agree_on_messages_with_a_field_replaced_or_removed(data: st.DataObject) -> None:
    kind, case = data.draw(st.sampled_from([param.values for param in VALID]))
    message = copy.deepcopy(case[data.draw(st.sampled_from(["message", "decoded"]))])
    *path, last = data.draw(st.sampled_from(_places(message)))
    value = data.draw(st.sampled_from([*VALUES, REMOVED]))
    around = reduce(lambda inner, key: inner[key], path, message)
    if value is REMOVED:
        del around[last]
    else:
        around[last] = value
    reason = ""
    try:
        DECODERS[kind](json.dumps(message).encode())
    except ContractError as error:
        reason = error.reason
    assume("twice" not in reason)
    assert _validator(kind).is_valid(message) == (not reason), reason


def test_every_kind_of_event_has_a_golden_message() -> None:
    said = {event["type"] for case in VALID for event in case.values[1]["message"].get("events", [])}
    assert said == {"movement", "bin_reading", "reader_event"}
