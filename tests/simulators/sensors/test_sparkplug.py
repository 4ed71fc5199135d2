"""A Sparkplug edge node, judged by the specification's own statements and by another implementation (pysparkplug)."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pysparkplug
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug._protobuf import Payload as TheirPayload
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.sparkplug import REBIRTH, Sparkplug, SparkplugNode
from tagdock_simulators.sensors.formats.sparkplug_payload import Payload, PayloadError, read_payload
from tagdock_simulators.sensors.kit import Kit
from tagdock_simulators.sensors.readings import Quality, Quantity, Reading, Sample

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
AT_MS = round(AT.timestamp() * 1000)
BINS = {"A-01-1": Kit().quantities, "A-01-2": Kit().quantities}
NCMD = "spBv1.0/warehouse/NCMD/rack-1"


def reading(
    value: float,
    after_s: float = 0.0,
    quantity: Quantity = Quantity.MASS,
    quality: Quality = "good",
    bin_name: str = "A-01-1",
) -> Reading:
    return Reading(AT + timedelta(seconds=after_s), bin_name, Sample(quantity, value, quality))


def node(**settings: Any) -> SparkplugNode:
    return SparkplugNode("rack-1", dict(BINS), Sparkplug(**settings))


def born(**settings: Any) -> SparkplugNode:
    made = node(**settings)
    made.connecting(AT)
    made.born(AT)
    return made


def rebirth_request(value: bool = True, name: str = REBIRTH) -> bytes:
    metric = pysparkplug.Metric(timestamp=AT_MS, name=name, datatype=pysparkplug.DataType.BOOLEAN, value=value)
    return pysparkplug.NCmd(timestamp=AT_MS, metrics=(metric,)).encode(include_dtypes=True)


def theirs(publication: Message) -> Any:
    """Decode with the other implementation's descriptor."""
    return TheirPayload.FromString(publication.payload)


@dataclass(frozen=True)
class Session:
    """All that an edge node says in its life: two connections, a bin that dies and comes back, a rebirth."""

    wills: tuple[Message, ...]
    connections: tuple[tuple[Message, ...], ...]

    @property
    def all(self) -> list[Message]:
        return [each for connection in self.connections for each in connection]

    def of(self, kind: str) -> list[Message]:
        return [each for each in self.all if each.topic.split("/")[2] == kind]

    def decoded(self, *kinds: str) -> list[Any]:
        return [theirs(each) for kind in kinds for each in self.of(kind)]


def _live(one: SparkplugNode, from_s: float) -> list[Message]:
    """Live through one connection: 300 changes, one bin silent for half of it, a rebirth in between."""
    said = list(one.born(AT + timedelta(seconds=from_s)))
    for n in range(300):
        after_s = from_s + n * 10.0
        told = [reading(n * 0.1, after_s), reading(20 + n * 0.01, after_s, Quantity.TEMPERATURE)]
        if n < 50 or n > 200:
            told.append(reading(300.0 + n, after_s, Quantity.DISTANCE, bin_name="A-01-2"))
        if n == 100:
            told.append(reading(math.nan, after_s, Quantity.HUMIDITY, "out_of_range"))
        said += one.tell(told)
        if n == 30:
            said += one.heard(NCMD, rebirth_request(), AT + timedelta(seconds=after_s))
    return said


@pytest.fixture(scope="module")
def session() -> Session:
    one = node()
    wills, connections = [], []
    for from_s in (0.0, 4000.0):
        wills.append(one.connecting(AT + timedelta(seconds=from_s)))
        connections.append(tuple(_live(one, from_s) + list(one.leaving(AT + timedelta(seconds=from_s + 3000)))))
    return Session(tuple(wills), tuple(connections))


# --- The specification's statements: Eclipse Sparkplug 3.0.0, chapters 4 to 6 ---


def _topic(kind: str, device: bool) -> Callable[[Session], bool]:
    def holds(session: Session) -> bool:
        parsed = [pysparkplug.Topic.from_str(each.topic) for each in session.of(kind)]
        return bool(parsed) and all(
            (each.group_id, each.edge_node_id, each.message_type.value) == ("warehouse", "rack-1", kind)
            and (each.device_id in BINS) is device
            and (each.device_id is None) is not device
            for each in parsed
        )

    return holds


def _mqtt(kind: str) -> Callable[[Session], bool]:
    return lambda session: (
        bool(session.of(kind)) and all(each.qos == 0 and not each.retained for each in session.of(kind))
    )


def _timestamped(kind: str) -> Callable[[Session], bool]:
    def holds(session: Session) -> bool:
        payloads = session.decoded(kind)
        return all(each.HasField("timestamp") and AT_MS <= each.timestamp < AT_MS + 8e6 for each in payloads)

    return holds


def _numbered(session: Session) -> bool:
    for connection in session.connections:
        expected = 0
        for each in connection:
            kind = each.topic.split("/")[2]
            if kind == "NDEATH":
                continue
            expected = 0 if kind == "NBIRTH" else (expected + 1) % 256
            if not theirs(each).HasField("seq") or theirs(each).seq != expected:
                return False
    return len(session.connections[0]) > 256  # else the wrap from 255 to 0 was not seen


def _bd_seq(payload: Any) -> int:
    (number,) = [metric.long_value for metric in payload.metrics if metric.name == "bdSeq"]
    return int(number)


def _bd_seqs_match(session: Session) -> bool:
    for will, connection in zip(session.wills, session.connections, strict=True):
        births = [theirs(each) for each in connection if "/NBIRTH/" in each.topic]
        if {_bd_seq(birth) for birth in births} != {_bd_seq(theirs(will))} or len(births) != 2:
            return False
    return [_bd_seq(theirs(will)) for will in session.wills] == [0, 1]


def _rebirth_metric(session: Session) -> bool:
    found = [metric for birth in session.decoded("NBIRTH") for metric in birth.metrics if metric.name == REBIRTH]
    return len(found) == len(session.of("NBIRTH")) and all(
        metric.datatype == 11 and metric.WhichOneof("value") == "boolean_value" and metric.boolean_value is False
        for metric in found
    )


def _births(session: Session) -> list[Any]:
    return [metric for payload in session.decoded("NBIRTH", "DBIRTH") for metric in payload.metrics]


def _data(session: Session) -> list[Any]:
    return [metric for payload in session.decoded("DDATA") for metric in payload.metrics]


def _aliases_unique(session: Session) -> bool:
    by_alias: dict[int, set[tuple[str, str]]] = {}
    for each in [*session.of("NBIRTH"), *session.of("DBIRTH")]:
        for metric in theirs(each).metrics:
            if metric.HasField("alias"):
                by_alias.setdefault(metric.alias, set()).add((each.topic, metric.name))
    return len(by_alias) > 10 and all(len(names) == 1 for names in by_alias.values())


def _births_before_data(session: Session) -> bool:
    """Within a connection: NBIRTH first, then DBIRTHs at once; no DDATA of a device that is not born."""
    for connection in session.connections:
        kinds = [each.topic.split("/")[2] for each in connection]
        if kinds[:3] != ["NBIRTH", "DBIRTH", "DBIRTH"]:
            return False
        alive: set[str] = set()
        for each, kind in zip(connection, kinds, strict=True):
            device = each.topic.rpartition("/")[2]
            if kind == "NBIRTH":
                alive = set()
            elif kind == "DBIRTH":
                alive.add(device)
            elif kind == "DDEATH":
                alive.remove(device)
            elif kind == "DDATA" and device not in alive:
                return False
    return True


def _rebirth_is_whole(session: Session) -> bool:
    kinds = [each.topic.split("/")[2] for each in session.connections[0]]
    again = kinds.index("NBIRTH", 1)
    return kinds[again : again + 3] == ["NBIRTH", "DBIRTH", "DBIRTH"] and kinds[again + 3] == "DDATA"


def _deaths(session: Session) -> list[Any]:
    return [theirs(each) for each in (*session.wills, *session.of("NDEATH"))]


def _qualities(session: Session) -> list[tuple[int, str | None, int]]:
    found = []
    for metric in (*_births(session), *_data(session)):
        for key, value in zip(metric.properties.keys, metric.properties.values, strict=True):
            if key == "Quality":
                found.append((value.type, value.WhichOneof("value"), value.int_value))
    return found


STATEMENTS: dict[str, Callable[[Session], bool]] = {
    "topics-nbirth-topic": _topic("NBIRTH", device=False),
    "topics-dbirth-topic": _topic("DBIRTH", device=True),
    "topics-ddata-topic": _topic("DDATA", device=True),
    "topics-ddeath-topic": _topic("DDEATH", device=True),
    "topics-ndeath-topic": _topic("NDEATH", device=False),
    "topics-nbirth-mqtt": _mqtt("NBIRTH"),
    "topics-dbirth-mqtt": _mqtt("DBIRTH"),
    "topics-ddata-mqtt": _mqtt("DDATA"),
    "topics-ddeath-mqtt": _mqtt("DDEATH"),
    "payloads-nbirth-timestamp": _timestamped("NBIRTH"),
    "payloads-dbirth-timestamp": _timestamped("DBIRTH"),
    "payloads-ddata-timestamp": _timestamped("DDATA"),
    "payloads-ddeath-timestamp": _timestamped("DDEATH"),
    "topics-nbirth-seq-num": lambda s: {p.seq for p in s.decoded("NBIRTH")} == {0},
    "payloads-nbirth-seq": lambda s: all(p.HasField("seq") for p in s.decoded("NBIRTH")),
    "payloads-sequence-num-incrementing": _numbered,
    "payloads-dbirth-seq-inc": _numbered,
    "payloads-ddata-seq-inc": _numbered,
    "payloads-ddeath-seq-inc": _numbered,
    "payloads-nbirth-bdseq": lambda s: all(_bd_seq(p) >= 0 for p in s.decoded("NBIRTH")),
    "payloads-nbirth-bdseq-repeat": _bd_seqs_match,
    "topics-nbirth-bdseq-increment": _bd_seqs_match,
    "operational-behavior-data-commands-rebirth-action-3": _bd_seqs_match,
    "message-flow-edge-node-birth-publish-nbirth-payload-bdSeq": lambda s: (
        {m.datatype for m in _births(s) if m.name == "bdSeq"} == {4}
    ),
    "payloads-nbirth-rebirth-req": _rebirth_metric,
    "operational-behavior-data-commands-rebirth-name-aliases": lambda s: (
        not any(m.HasField("alias") for m in _births(s) if m.name == REBIRTH)
    ),
    "operational-behavior-data-commands-rebirth-action-2": _rebirth_is_whole,
    "payloads-alias-uniqueness": _aliases_unique,
    "payloads-alias-birth-requirement": lambda s: all(
        m.name and m.HasField("alias") for p in s.decoded("DBIRTH") for m in p.metrics
    ),
    "payloads-alias-data-cmd-requirement": lambda s: all(
        m.HasField("alias") and not m.HasField("name") for m in _data(s)
    ),
    "payloads-name-birth-data-requirement": lambda s: all(m.HasField("timestamp") for m in (*_births(s), *_data(s))),
    "payloads-metric-datatype-req": lambda s: all(m.HasField("datatype") for m in _births(s)),
    "payloads-metric-datatype-not-req": lambda s: not any(m.HasField("datatype") for m in _data(s)),
    "payloads-metric-datatype-value": lambda s: all(1 <= m.datatype <= 34 for m in _births(s)),
    "operational-behavior-data-publish-dbirth-values": lambda s: all(
        m.is_null is (m.WhichOneof("value") is None) for m in _births(s)
    ),
    "operational-behavior-data-publish-dbirth-order": lambda s: all(
        sorted(m.timestamp for m in p.metrics) == [m.timestamp for m in p.metrics] for p in s.decoded("DDATA")
    ),
    "topics-dbirth-metric-reqs": lambda s: all(
        {m.alias for m in p.metrics} in ({1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}) for p in s.decoded("DBIRTH")
    ),
    "payloads-dbirth-order": _births_before_data,
    "payloads-ddata-order": _births_before_data,
    "message-flow-device-birth-publish-nbirth-wait": _births_before_data,
    "topics-ndeath-seq": lambda s: not any(p.HasField("seq") for p in _deaths(s)),
    "topics-ndeath-payload": lambda s: all([m.name for m in p.metrics] == ["bdSeq"] for p in _deaths(s)),
    "payloads-ndeath-will-message": lambda s: all(w.topic == "spBv1.0/warehouse/NDEATH/rack-1" for w in s.wills),
    "payloads-ndeath-will-message-qos": lambda s: all(w.qos == 1 for w in s.wills),
    "payloads-ndeath-will-message-retain": lambda s: not any(w.retained for w in s.wills),
    "payloads-ndeath-bdseq": _bd_seqs_match,
    "operational-behavior-edge-node-intentional-disconnect-ndeath": lambda s: all(
        "/NDEATH/" in c[-1].topic for c in s.connections
    ),
    "operational-behavior-device-ddeath": lambda s: (
        [e.topic.rpartition("/")[2] for e in s.of("DDEATH")] == ["A-01-2", "A-01-2"]
    ),
    "payloads-propertyset-keys-array-size": lambda s: all(
        len(m.properties.keys) == len(m.properties.values) for m in (*_births(s), *_data(s))
    ),
    "payloads-propertyset-quality-value-type": lambda s: {(t, f) for t, f, _ in _qualities(s)} == {(3, "int_value")},
    "payloads-propertyset-quality-value-value": lambda s: {v for _, _, v in _qualities(s)} == {0, 192, 500},
    "message-flow-edge-node-ncmd-subscribe": lambda s: node().subscriptions == ((NCMD, 1),),
    "case-sensitivity-metric-names": lambda s: (
        len({m.name.lower() for m in _births(s)}) == len({m.name for m in _births(s)})
    ),
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_specifications_statement_holds(statement: str, session: Session) -> None:
    assert STATEMENTS[statement](session), f"tck-id-{statement}"


# --- Behaviour ---


def test_another_implementation_reads_births_and_data_by_their_aliases() -> None:
    one = node()
    one.connecting(AT)
    one.tell([reading(12.5), reading(math.nan, 0, Quantity.TEMPERATURE, "out_of_range")])
    births = one.born(AT)
    birth = pysparkplug.DBirth.decode(births[1].payload)
    values = {metric.name: (metric.value, metric.datatype.name, metric.is_null) for metric in birth.metrics}
    assert values["mass_kg"] == (12.5, "DOUBLE", False)
    assert values["temperature_c"] == (None, "FLOAT", True)
    assert values["occupied"] == (None, "BOOLEAN", True)
    told = [
        reading(12.25, 10),
        reading(8190.0, 10, Quantity.DISTANCE, "out_of_range"),
        reading(1.0, 10, Quantity.OCCUPIED),
        reading(87.0, 10, Quantity.BATTERY),
        reading(-3.25, 10, Quantity.TEMPERATURE),
    ]
    (data,) = one.tell(told)
    decoded = pysparkplug.DData.decode(data.payload, birth=birth)
    assert [(metric.name, metric.value) for metric in decoded.metrics] == [
        ("mass_kg", 12.25),
        ("distance_mm", 8190),
        ("occupied", True),
        ("battery_pct", 87),
        ("temperature_c", -3.25),
    ]


def test_their_fields_have_our_numbers() -> None:
    """Every field that we describe has the same number, type and label in the other implementation's descriptor."""
    for ours, their in ((Payload, TheirPayload), (Payload().metrics.add(), TheirPayload().metrics.add())):
        theirs_by_name = {field.name: field for field in their.DESCRIPTOR.fields}
        for field in ours.DESCRIPTOR.fields:
            other = theirs_by_name[field.name]
            assert (field.number, field.type, field.is_repeated) == (other.number, other.type, other.is_repeated)


def test_only_what_changed_is_told_and_the_same_reading_again_is_a_repetition() -> None:
    one = born()
    first = reading(1.0)
    assert len(one.tell([first])) == 1
    assert one.tell([reading(1.0, 10)]) == []
    assert len(one.tell([reading(1.0, 20, quality="out_of_range")])) == 1
    assert len(one.tell([reading(-0.0, 30)])) == 1
    assert len(one.tell([reading(0.0, 40)])) == 1
    again = reading(0.5, 50)
    assert len(theirs(one.tell([again, again])[0]).metrics) == 2


@pytest.mark.parametrize(("nan_as_null", "field"), [(True, None), (False, "double_value")], ids=["null", "nan"])
def test_what_could_not_be_measured_is_null_or_nan_and_bad(nan_as_null: bool, field: str | None) -> None:
    (data,) = born(nan_as_null=nan_as_null).tell([reading(math.nan, quality="out_of_range")])
    (metric,) = theirs(data).metrics
    assert metric.is_null is nan_as_null
    assert metric.WhichOneof("value") == field
    assert metric.properties.values[0].int_value == 0


def test_a_stale_value_keeps_its_time_and_says_so() -> None:
    stale = Reading(AT + timedelta(minutes=1), "A-01-1", Sample(Quantity.MASS, 4.0, "stale"), stamp=AT)
    (data,) = born().tell([stale])
    (metric,) = theirs(data).metrics
    assert (metric.timestamp, metric.properties.values[0].int_value) == (AT_MS, 500)


def test_what_waited_for_the_broker_is_historical() -> None:
    (data,) = born().tell([reading(1.0), reading(2.0, 10)], late=True)
    assert [metric.is_historical for metric in theirs(data).metrics] == [True, True]


def test_without_aliases_data_has_names() -> None:
    (data,) = born(aliases=False).tell([reading(1.0)])
    assert [(metric.name, metric.HasField("alias")) for metric in theirs(data).metrics] == [("mass_kg", False)]


def test_nothing_is_said_before_the_birth_and_the_birth_knows_it() -> None:
    one = node()
    one.connecting(AT)
    assert one.tell([reading(7.0)]) == []
    assert pysparkplug.DBirth.decode(one.born(AT)[1].payload).metrics[0].value == 7.0


def test_bd_seq_goes_from_255_to_0() -> None:
    one = node()
    numbers = [_bd_seq(theirs(one.connecting(AT))) for _ in range(258)]
    assert numbers[254:] == [254, 255, 0, 1]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff\xff\xff", rebirth_request(value=False), rebirth_request(name="Node Control/Reboot"), b"{}"],
    ids=["empty", "no protobuf", "false", "another command", "JSON"],
)
def test_what_is_no_rebirth_request_changes_nothing(payload: bytes) -> None:
    assert born().heard(NCMD, payload, AT) == []


@given(st.binary(max_size=200))
def test_no_payload_makes_it_crash(payload: bytes) -> None:
    born(primary_host="scada").heard(NCMD, payload, AT)
    born(primary_host="scada").heard("spBv1.0/STATE/scada", payload, AT)
    try:
        read_payload(payload)
    except PayloadError as error:
        assert "Sparkplug" in str(error)  # the other way out is a payload


STATE = "spBv1.0/STATE/scada"


def state(online: object, since_ms: object) -> bytes:
    return json.dumps({"online": online, "timestamp": since_ms}).encode()


def kinds(publications: Sequence[Message]) -> list[str]:
    return [each.topic.split("/")[2] for each in publications]


def test_with_a_primary_host_it_is_born_and_dies_with_the_host() -> None:
    one = node(primary_host="scada")
    assert (STATE, 1) in one.subscriptions
    one.connecting(AT)
    assert one.born(AT) == []
    assert one.tell([reading(1.0)]) == []
    assert kinds(one.heard(STATE, state(True, 1000), AT)) == ["NBIRTH", "DBIRTH", "DBIRTH"]
    assert kinds(one.tell([reading(2.0, 10)])) == ["DDATA"]
    assert one.heard(STATE, state(False, 999), AT) == []  # older than what is known
    assert one.stays
    assert kinds(one.heard(STATE, state(False, 1000), AT)) == ["NDEATH"]
    assert not one.stays
    assert _bd_seq(theirs(one.connecting(AT))) == 1
    assert one.stays
    assert one.born(AT) == []
    assert one.tell([reading(3.0, 20)]) == []
    for nonsense in (b"", b"ONLINE", b"[]", state("yes", 2000), state(True, "now"), state(1, 2000)):
        assert one.heard(STATE, nonsense, AT) == []
    assert one.heard("spBv1.0/STATE/other", state(True, 3000), AT) == []
    assert kinds(one.heard(STATE, state(True, 2000), AT)) == ["NBIRTH", "DBIRTH", "DBIRTH"]
