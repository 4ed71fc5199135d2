"""A query's parameters by their standard names, each checked and read into a question. Pure.

Source: EPCIS 2.0, section 8.2.7.1 (SimpleEventQuery); its OpenAPI, GET /events.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from tagdock_cloud.epcis.fields import Path, path_of
from tagdock_cloud.epcis.formats import is_uri, read_time
from tagdock_cloud.epcis.identity import event_key
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import NO_NAMES, Names, spellings
from tagdock_cloud.epcis.patterns import Likeness, like_escaped, likeness
from tagdock_cloud.epcis.question import MOST_EVENTS, MOST_VALUES, Question, QuestionError
from tagdock_cloud.epcis.telling import WORDS
from tagdock_cloud.epcis.words import ACTIONS, BIZ_STEPS, DISPOSITIONS, EVENT_TYPES, PARTIES, TRANSACTIONS, bare
from tagdock_cloud.inventory.epc import epc_candidates

_IDPAT: Final = "urn:epc:idpat:"
_Reader = Callable[[Question, str, list[str]], None]


def place_names(parameters: Mapping[str, Any]) -> list[str]:
    """Return the URIs of places that a query names, so that somebody can look up whose they are."""
    given = [parameters[name] for name in _OF_PLACES if name in parameters]
    texts = [value for one in given for value in (one if isinstance(one, list) else [one])]
    return [text for text in texts[: 2 * MOST_VALUES] if isinstance(text, str) and is_uri(text)]


def read_question(parameters: Mapping[str, Any], whose: Names = NO_NAMES) -> Question:
    """Read a query's parameters, each a text, a number, a truth or a list of texts. Raises QuestionError.

    `whose`: what is known of the names in `place_names`.
    """
    question = Question(whose=whose)
    for name, given in parameters.items():
        values = [_text(name, value) for value in (given if isinstance(given, list) else [given])]
        if not 1 <= len(values) <= MOST_VALUES:
            raise QuestionError(name, f"must have 1 to {MOST_VALUES} values")
        _reader(name)(question, name, values)
    if question.at_most is not None and question.too_many is not None:
        raise QuestionError("maxEventCount", "goes not together with eventCountLimit")
    record_bounds = {"ge_record", "lt_record"} & question.common.keys()
    if "orderBy" not in parameters and record_bounds and not {"ge_event", "lt_event"} & question.common.keys():
        question.by = "recordTime"
    return question


def from_url(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Turn a URL's parameters into a query's: lists are written with | between their values."""
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in found:
            raise QuestionError(name, "stands twice; write several values with | between them")
        found[name] = text.split("|")
    return found


def _text(name: str, value: Any) -> str:
    if value is None and name.startswith("EXISTS_"):
        return "true"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str) and len(str(value)) <= 2000 and "\x00" not in str(value):
        return str(value)
    raise QuestionError(name, "must be a text, a number or a list of texts")


def _reader(name: str) -> _Reader:
    if name in _READERS:
        return _READERS[name]
    for prefix, reader in _FAMILIES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            return reader
    if name.startswith(_OF_MASTER_DATA):
        raise QuestionError(name, "asks for master data, which is not kept here", "ImplementationException", 501)
    if name.startswith(("EQ_", "GT_", "GE_", "LT_", "LE_", "EXISTS_")):
        return _path
    raise QuestionError(name, "is no parameter of an EPCIS query")


def _path(question: Question, name: str, values: list[str]) -> None:
    try:
        path = path_of(name, values)
    except ValueError as error:
        raise QuestionError(name, str(error)) from None
    if path is None:
        raise QuestionError(name, "is no parameter of an EPCIS query")
    question.told = False
    question.paths.append(path)


def _one(name: str, values: list[str]) -> str:
    if len(values) != 1:
        raise QuestionError(name, "takes one value")
    return values[0]


def _instant(name: str, values: list[str]) -> datetime:
    at = read_time(_one(name, values))
    if at is None:
        raise QuestionError(name, "must be a time as in 2026-01-05T08:00:00.000Z")
    return at


def _uris(name: str, values: list[str]) -> list[str]:
    for value in values:
        if not is_uri(value):
            raise QuestionError(name, f"{value[:100]!r} is no URI")
    return values


def _words(name: str, values: list[str], kind: str, words: frozenset[str]) -> list[str]:
    found = [bare(kind, value) for value in values]
    for value in found:
        if value not in words and not is_uri(value):
            raise QuestionError(name, f"{value[:100]!r} is neither a word of the standard nor a URI")
    return found


def _time(key: str) -> _Reader:
    def read(question: Question, name: str, values: list[str]) -> None:
        question.common[key] = _instant(name, values)

    return read


def _types(question: Question, name: str, values: list[str]) -> None:
    for value in values:
        if value not in EVENT_TYPES and not is_uri(value):
            raise QuestionError(name, f"{value[:100]!r} is no type of event")
    question.captured["types"] = values
    question.told &= "ObjectEvent" in values


def _actions(question: Question, name: str, values: list[str]) -> None:
    if set(values) - ACTIONS:
        raise QuestionError(name, "must be ADD, OBSERVE or DELETE")
    question.captured["actions"] = values
    question.told &= "OBSERVE" in values


def _biz_steps(question: Question, name: str, values: list[str]) -> None:
    wanted = _words(name, values, "bizStep", BIZ_STEPS)
    question.captured["biz_steps"] = wanted
    question.narrow("steps", [step for step, words in WORDS.items() if words[0] in wanted])


def _dispositions(question: Question, name: str, values: list[str]) -> None:
    wanted = _words(name, values, "disposition", DISPOSITIONS)
    question.captured["dispositions"] = wanted
    question.narrow("steps", [step for step, words in WORDS.items() if words[1] in wanted])


def _places(own: str, captured: str, *, within: bool) -> _Reader:
    """Match a place; with its descendants, a site stands for all of its doors and bins."""

    def read(question: Question, name: str, values: list[str]) -> None:
        found = [place for place in map(question.whose.place, _uris(name, values)) if place]
        exact = [place.site if place.place is None else f"{place.site}/{place.place}" for place in found]
        sites = [place.site for place in found if place.place is None] if within else []
        if sites:
            if len(sites) != len(found):
                raise QuestionError(name, "name sites, or doors and bins, not both at once")
            question.narrow("only_sites", sites)
            question.narrow("steps", [step for step in WORDS if own == "places" or step != "shipping"])
        else:
            question.narrow(own, exact)
        names = [uri for place in found for uri in question.whose.uris(place)]
        question.captured[captured] = list(dict.fromkeys([*map(canonical, values), *values, *names]))
        question.captured[f"{captured}_sites"] = sites
        question.captured[f"{captured}_within"] = [
            pattern
            for site in sites
            for pattern in (f"urn:tagdock:door:{like_escaped(site)}:%", f"urn:tagdock:bin:{like_escaped(site)}:%")
        ]

    return read


def _match(*roles: str) -> _Reader:
    def read(question: Question, name: str, values: list[str]) -> None:
        likes = [] if roles[0].endswith("class") else _likes(name, values)
        exact = [value for value in values if not value.startswith(_IDPAT) or not likes]
        forms = list(dict.fromkeys(form for value in exact for form in epc_candidates(value)))
        if "epc" not in roles:
            question.told = False
        elif likes:
            question.like(name, [*(one.urn for one in likes), *map(like_escaped, forms)])
        else:
            question.narrow("epcs", forms)
        names = list(dict.fromkeys([*map(canonical, exact), *map(canonical, forms)]))
        question.names.append({"names": names, "roles": list(roles), "likes": [one.link for one in likes]})

    return read


def _likes(name: str, values: list[str]) -> list[Likeness]:
    found = []
    for value in values:
        if value.startswith(_IDPAT):
            like = likeness(value)
            if like is None:
                raise QuestionError(name, f"{value[:100]!r} is no pattern that is understood here")
            found.append(like)
    return found


def _transactions(question: Question, name: str, values: list[str]) -> None:
    kind = _words(name, [name.removeprefix("EQ_bizTransaction_")], "bizTransaction", TRANSACTIONS)[0]
    question.said.append([{"bizTransactionList": [{"type": kind, "bizTransaction": value}]} for value in values])
    names = [canonical(value) for value in values]
    question.names.append({"names": names, "roles": [f"transaction:{kind}"], "likes": []})


def _parties(kind: Literal["source", "destination"]) -> _Reader:
    def read(question: Question, name: str, values: list[str]) -> None:
        party = _words(name, [name.removeprefix(f"EQ_{kind}_")], kind, PARTIES)[0]
        forms = [form for value in _uris(name, values) for form in spellings(value)]
        question.said.append([{f"{kind}List": [{"type": party, kind: form}]} for form in forms])
        question.holds.append([{f"{kind}List": [{"type": party, kind: form}]} for form in forms])

    return read


def _holds(*builders: Callable[[Any], Any], is_truth: bool = False) -> _Reader:
    """Ask for what an event holds in one field or another; only captured events have them."""

    def read(question: Question, name: str, values: list[str]) -> None:
        question.told = False
        wanted = [value == "true" if is_truth else value for value in values]
        question.holds.append([build(value) for value in wanted for build in builders])

    return read


def _report(name: str) -> Callable[[Any], Any]:
    return lambda value: {"sensorElementList": [{"sensorReport": [{name: value}]}]}


def _metadata(name: str) -> Callable[[Any], Any]:
    return lambda value: {"sensorElementList": [{"sensorMetadata": {name: value}}]}


def _sensors(question: Question, name: str, values: list[str]) -> None:
    if _truth(name, values):
        question.told = False
        question.paths.append(Path("$.sensorElementList[*]"))


def _event_ids(question: Question, name: str, values: list[str]) -> None:
    keys = [event_key(value) for value in _uris(name, values)]
    question.captured["keys"] = keys
    question.narrow("digests", [key for key in keys if len(key) == 32])


def _declared(question: Question, name: str, values: list[str]) -> None:
    question.common["declared"] = _truth(name, values)


def _truth(name: str, values: list[str]) -> bool:
    text = _one(name, values)
    if text not in ("", "true", "false", "1", "0"):
        raise QuestionError(name, "must be true or false")
    return text in ("", "true", "1")


def _reasons(question: Question, name: str, values: list[str]) -> None:
    question.narrow("reasons", values)
    question.holds.append([{"errorDeclaration": {"reason": value}} for value in values])


def _correctives(question: Question, name: str, values: list[str]) -> None:
    question.narrow("correctives", [event_key(value) for value in _uris(name, values)])
    question.holds.append([{"errorDeclaration": {"correctiveEventIDs": [value]}} for value in values])


def _order(question: Question, name: str, values: list[str]) -> None:
    by = _one(name, values)
    if by not in ("eventTime", "recordTime"):
        raise QuestionError(name, "orders by eventTime or recordTime only", "ImplementationException", 501)
    question.by = "eventTime" if by == "eventTime" else "recordTime"


def _direction(question: Question, name: str, values: list[str]) -> None:
    if _one(name, values) not in ("ASC", "DESC"):
        raise QuestionError(name, "must be ASC or DESC")
    question.descending = values == ["DESC"]


def _count(attribute: Literal["at_most", "too_many"]) -> _Reader:
    def read(question: Question, name: str, values: list[str]) -> None:
        text = _one(name, values)
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_EVENTS):
            raise QuestionError(name, f"must be a number from 1 to {MOST_EVENTS}")
        setattr(question, attribute, int(text))

    return read


def _ignored(question: Question, name: str, values: list[str]) -> None:
    """A stored query may bring its JSON-LD context."""


_READERS: Final[Mapping[str, _Reader]] = {
    "@context": _ignored,
    "eventType": _types,
    "GE_eventTime": _time("ge_event"),
    "LT_eventTime": _time("lt_event"),
    "GE_recordTime": _time("ge_record"),
    "LT_recordTime": _time("lt_record"),
    "EQ_action": _actions,
    "EQ_bizStep": _biz_steps,
    "EQ_disposition": _dispositions,
    "EQ_persistentDisposition_set": _holds(lambda value: {"persistentDisposition": {"set": [value]}}),
    "EQ_persistentDisposition_unset": _holds(lambda value: {"persistentDisposition": {"unset": [value]}}),
    "EQ_readPoint": _places("places", "read_points", within=False),
    "WD_readPoint": _places("places", "read_points", within=True),
    "EQ_bizLocation": _places("locations", "biz_locations", within=False),
    "WD_bizLocation": _places("locations", "biz_locations", within=True),
    "EQ_transformationID": _holds(lambda value: {"transformationID": value}),
    "MATCH_epc": _match("epc", "child"),
    "MATCH_parentID": _match("parent"),
    "MATCH_inputEPC": _match("input"),
    "MATCH_outputEPC": _match("output"),
    "MATCH_anyEPC": _match("epc", "child", "parent", "input", "output"),
    "MATCH_epcClass": _match("class", "child_class"),
    "MATCH_inputEPCClass": _match("input_class"),
    "MATCH_outputEPCClass": _match("output_class"),
    "MATCH_anyEPCClass": _match("class", "child_class", "input_class", "output_class"),
    "EQ_eventID": _event_ids,
    "EXISTS_errorDeclaration": _declared,
    "GE_errorDeclarationTime": _time("ge_declared"),
    "LT_errorDeclarationTime": _time("lt_declared"),
    "GE_errorDeclaration_Time": _time("ge_declared"),
    "LT_errorDeclaration_Time": _time("lt_declared"),
    "EQ_errorReason": _reasons,
    "EQ_correctiveEventID": _correctives,
    "EQ_type": _holds(_report("type")),
    "EQ_deviceID": _holds(_report("deviceID"), _metadata("deviceID")),
    "EQ_dataProcessingMethod": _holds(_report("dataProcessingMethod"), _metadata("dataProcessingMethod")),
    "EQ_bizRules": _holds(_metadata("bizRules")),
    "EXISTS_sensorElementList": _sensors,
    "EQ_microorganism": _holds(_report("microorganism")),
    "EQ_chemicalSubstance": _holds(_report("chemicalSubstance")),
    "EQ_stringValue": _holds(_report("stringValue")),
    "EQ_hexBinaryValue": _holds(_report("hexBinaryValue")),
    "EQ_uriValue": _holds(_report("uriValue")),
    "EQ_booleanValue": _holds(_report("booleanValue"), is_truth=True),
    "orderBy": _order,
    "orderDirection": _direction,
    "eventCountLimit": _count("at_most"),
    "maxEventCount": _count("too_many"),
}
_OF_PLACES: Final = ("EQ_readPoint", "WD_readPoint", "EQ_bizLocation", "WD_bizLocation")
SIMPLE_PARAMETERS: Final = tuple(name for name in _READERS if name != "@context" and "_Time" not in name)
"""Parameters whose names are fixed; `_Time` is another spelling of the standard's own query schema."""
_FAMILIES: Final[Mapping[str, _Reader]] = {
    "EQ_bizTransaction_": _transactions,
    "EQ_source_": _parties("source"),
    "EQ_destination_": _parties("destination"),
}
_OF_MASTER_DATA: Final = ("HASATTR_", "EQATTR_", "EQ_ATTR_")
"""Parameters that ask what master data says of a place or EPC."""
