"""A Sparkplug host application, against another implementation's bytes and the specification's statements."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pysparkplug
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug._protobuf import Payload as TheirPayload
from tagdock_edge.config.sensor_model import WATCHES, SensorConfig, SparkplugMetric
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.sparkplug import Sparkplug
from tagdock_edge.sensors.sparkplug_payload import (
    METRICS_AT_MOST,
    PayloadRefusedError,
    read_payload,
    rebirth_request,
    value_of,
)
from tagdock_edge.sensors.told import Gone, Measurement, Message, Publish, Told

AT = 1_767_600_000_000_000
AT_MS = AT // 1000
S = 1_000_000
TYPE = pysparkplug.DataType
NODE = "spBv1.0/g/{}/n"
DEVICE = "spBv1.0/g/{}/n/d"
NCMD = "spBv1.0/g/NCMD/n"
STATE = "spBv1.0/STATE/s1.gw-1"


def metric(name: str | None, value: Any, datatype: Any = TYPE.DOUBLE, **more: Any) -> pysparkplug.Metric:
    return pysparkplug.Metric(timestamp=AT_MS, name=name, datatype=datatype, value=value, **more)


def node_birth(seq: int = 0, bd_seq: int = 7, metrics: Sequence[pysparkplug.Metric] = ()) -> bytes:
    own = (metric("bdSeq", bd_seq, TYPE.INT64), metric("Node Control/Rebirth", False, TYPE.BOOLEAN))
    return pysparkplug.NBirth(timestamp=AT_MS, seq=seq, metrics=(*own, *metrics)).encode(include_dtypes=True)


def device_birth(seq: int = 1, value: float | None = 2.0) -> bytes:
    told = (metric("mass_kg", value, alias=1), metric("other", 1.0, alias=2))
    return pysparkplug.DBirth(timestamp=AT_MS, seq=seq, metrics=told).encode(include_dtypes=True)


def data(
    seq: int, value: float | None = 3.0, *, alias: int | None = 1, name: str | None = None, at_ms: int = AT_MS
) -> bytes:
    told = pysparkplug.Metric(timestamp=at_ms, name=name, datatype=TYPE.DOUBLE, value=value, alias=alias)
    return pysparkplug.DData(timestamp=AT_MS, seq=seq, metrics=(told,)).encode()


def death(bd_seq: int = 7) -> bytes:
    return pysparkplug.NDeath(timestamp=AT_MS, bd_seq_metric=metric("bdSeq", bd_seq, TYPE.INT64)).encode(
        include_dtypes=True
    )


def host() -> Sparkplug:
    origins = [SparkplugMetric("g", "n", "d", "mass_kg"), SparkplugMetric("g", "n", None, "temperature_c")]
    sensors = {
        number: SensorConfig(f"A-01-{number}", quantity, origin, WATCHES[quantity])  # type: ignore[arg-type]
        for number, (origin, quantity) in enumerate(zip(origins, ("mass_kg", "temperature_c"), strict=True))
    }
    return Sparkplug(sensors, "s1.gw-1", Complaints())


def say(one: Sparkplug, verb: str, payload: bytes, at_us: int = AT) -> list[Told]:
    topic = (DEVICE if verb[0] == "D" else NODE).format(verb)
    return one.take(Message(topic, payload), at_us)


def values(told: Iterable[Told]) -> list[float | None]:
    return [each.value for each in told if isinstance(each, Measurement)]


def born(one: Sparkplug | None = None) -> Sparkplug:
    one = one or host()
    say(one, "NBIRTH", node_birth())
    say(one, "DBIRTH", device_birth())
    return one


def asked(one: Sparkplug, at_us: int) -> bool:
    told = one.advance(at_us)
    for each in told:
        assert isinstance(each, Publish)
        assert (each.topic, each.qos, each.retain) == (NCMD, 0, False)
        (request,) = pysparkplug.NCmd.decode(each.payload).metrics
        assert (request.name, request.value, request.datatype) == ("Node Control/Rebirth", True, TYPE.BOOLEAN)
    return bool(told)


# --- values ---

GOLDEN: dict[str, tuple[Any, Any, float | None]] = {
    "double": (TYPE.DOUBLE, 1.25, 1.25),
    "float": (TYPE.FLOAT, 1.5, 1.5),
    "boolean": (TYPE.BOOLEAN, True, 1.0),
    "uint8": (TYPE.UINT8, 200, 200.0),
    "uint16": (TYPE.UINT16, 60000, 60000.0),
    "uint32": (TYPE.UINT32, 4_000_000_000, 4e9),
    "uint64": (TYPE.UINT64, 2**53, 2.0**53),
    "int8": (TYPE.INT8, -5, -5.0),
    "int16": (TYPE.INT16, -300, -300.0),
    "int32": (TYPE.INT32, -70_000, -70_000.0),
    "int64": (TYPE.INT64, -(2**40), -(2.0**40)),
    "null": (TYPE.DOUBLE, None, None),
}


@pytest.mark.parametrize(("datatype", "told", "value"), GOLDEN.values(), ids=GOLDEN)
def test_each_number_type_is_read_as_another_implementation_writes_it(
    datatype: Any, told: Any, value: float | None
) -> None:
    payload = pysparkplug.DBirth(timestamp=AT_MS, seq=0, metrics=(metric("m", told, datatype),))
    (read,) = read_payload(payload.encode(include_dtypes=True)).metrics
    assert read.name == "m"
    assert read.datatype is not None
    assert value_of(read.number, read.datatype) == value


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_a_negative_number_is_read_in_its_own_width_and_in_the_fields(bits: int) -> None:
    datatype = {8: 1, 16: 2, 32: 3}[bits]
    assert value_of(2**bits - 5, datatype) == -5.0
    assert value_of(2**32 - 5, datatype) == -5.0


@pytest.mark.parametrize(
    ("number", "datatype"),
    [(1.0, 12), (None, 12), (5, 999), (1.5, 3), (True, 5), (float("inf"), 10)],
    ids=["text", "a text that is null", "unknown", "a float as integer", "a bool as integer", "infinite"],
)
def test_what_is_no_number_of_its_type_is_refused(number: float | None, datatype: int) -> None:
    with pytest.raises(PayloadRefusedError):
        value_of(number, datatype)


def test_births_and_data_give_values_by_alias_and_by_name() -> None:
    one = host()
    own = (metric("temperature_c", 20.0, alias=9),)
    assert values(say(one, "NBIRTH", node_birth(metrics=own))) == [20.0]
    assert values(say(one, "DBIRTH", device_birth())) == [2.0]
    assert values(say(one, "DDATA", data(2, 3.0))) == [3.0]
    assert values(say(one, "DDATA", data(3, 4.0, alias=None, name="mass_kg"))) == [4.0]
    assert values(say(one, "DDATA", data(4, None))) == [None]
    told = pysparkplug.NData(timestamp=AT_MS, seq=5, metrics=(metric(None, 21.0, alias=9),)).encode()
    assert values(say(one, "NDATA", told)) == [21.0]
    assert not asked(one, AT + 100 * S)


TIMES = {
    "its own": (-5_000, -5_000),
    "a little ahead": (4_000, 4_000),
    "from the future": (3_600_000, 0),
    "1970": (-AT_MS, 0),
}


@pytest.mark.parametrize(("told_ms", "taken_ms"), TIMES.values(), ids=TIMES)
def test_a_metrics_time_counts_within_bounds(told_ms: int, taken_ms: int) -> None:
    (measured,) = say(born(), "DDATA", data(2, 3.0, at_ms=AT_MS + told_ms))
    assert isinstance(measured, Measurement)
    assert measured.at_us == AT + taken_ms * 1000


QUALITIES = {"bad": (0, "out_of_range"), "good": (192, "good"), "unknown": (77, "good")}


@pytest.mark.parametrize(("code", "quality"), QUALITIES.values(), ids=QUALITIES)
def test_a_metrics_quality_counts(code: int, quality: str) -> None:
    payload = TheirPayload.FromString(data(2, 3.0))
    payload.metrics[0].properties.keys.append("Quality")
    payload.metrics[0].properties.values.add(type=3, int_value=code)
    (measured,) = say(born(), "DDATA", payload.SerializeToString())
    assert isinstance(measured, Measurement)
    assert (measured.value, measured.quality) == (3.0, quality)


def test_a_stale_metric_is_gone() -> None:
    payload = TheirPayload.FromString(data(2, 3.0))
    payload.metrics[0].properties.keys.append("Quality")
    payload.metrics[0].properties.values.add(type=3, int_value=500)
    assert say(born(), "DDATA", payload.SerializeToString()) == [Gone(0)]


def test_historical_values_are_marked_late() -> None:
    told = metric(None, 3.0, alias=1, is_historical=True)
    (measured,) = say(born(), "DDATA", pysparkplug.DData(timestamp=AT_MS, seq=2, metrics=(told,)).encode())
    assert isinstance(measured, Measurement)
    assert measured.late


# --- sessions ---


def test_a_gap_asks_for_a_rebirth_after_the_reorder_timeout() -> None:
    one = born()
    assert values(say(one, "DDATA", data(4, 3.0))) == [3.0]
    assert not asked(one, AT + 1 * S)
    assert asked(one, AT + 2 * S)


def test_a_gap_that_closes_in_time_asks_for_nothing() -> None:
    one = born()
    say(one, "DDATA", data(4))
    say(one, "DDATA", data(3))
    say(one, "DDATA", data(2))
    say(one, "DDATA", data(5))
    assert not asked(one, AT + 100 * S)


def test_the_number_after_255_is_0() -> None:
    one = host()
    say(one, "NBIRTH", node_birth(seq=254))
    say(one, "DBIRTH", device_birth(seq=255))
    say(one, "DDATA", data(0))
    assert not asked(one, AT + 100 * S)


STRANGE = {
    "an unknown alias": data(2, alias=77),
    "an unknown name": data(2, alias=None, name="new"),
    "neither name nor alias": data(2, alias=None),
    "no number": TheirPayload(timestamp=AT_MS).SerializeToString(),
    "a number beyond 255": data(4711),
    "far ahead": data(200),
    "cut short": data(2)[:-3],
}


@pytest.mark.parametrize("payload", STRANGE.values(), ids=STRANGE)
def test_what_can_not_be_understood_asks_for_a_rebirth_at_once(payload: bytes) -> None:
    one = born()
    say(one, "DDATA", payload)
    assert asked(one, AT)


def test_an_alias_of_one_device_is_none_of_another() -> None:
    one = born()
    assert one.take(Message("spBv1.0/g/DDATA/n/other", data(2)), AT) == []
    assert asked(one, AT)


def test_requests_for_a_rebirth_keep_their_distance() -> None:
    one = host()
    times = []
    for second in range(1200):
        say(one, "DDATA", data(second % 256), AT + second * S)
        if asked(one, AT + second * S):
            times.append(second)
    assert times == [0, 10, 30, 70, 150, 310, 610, 910]
    assert one.rebirths_asked == len(times)


def test_data_before_a_birth_is_not_guessed_at() -> None:
    one = host()
    assert say(one, "DDATA", data(2, alias=None, name="mass_kg")) == []
    assert asked(one, AT)


def test_after_a_connection_nodes_that_are_not_born_by_themselves_are_asked() -> None:
    one = host()
    one.forget()
    one.connected(AT)
    assert not asked(one, AT + 1 * S)
    assert asked(one, AT + 2 * S)
    other = born()
    other.connected(AT)
    assert not asked(other, AT + 2 * S)


def test_a_new_connection_is_a_new_session() -> None:
    one = born()
    one.forget()
    one.connected(AT)
    assert say(one, "DDATA", data(2)) == []
    assert asked(one, AT + 2 * S)


def test_a_dead_node_takes_its_devices_along_and_is_not_asked() -> None:
    one = born()
    assert set(say(one, "NDEATH", death())) == {Gone(0), Gone(1)}
    assert not asked(one, AT + 100 * S)


def test_the_death_of_an_older_session_changes_nothing() -> None:
    one = born()
    assert say(one, "NDEATH", death(bd_seq=6)) == []
    assert values(say(one, "DDATA", data(2, 3.0))) == [3.0]


def test_a_dead_device_is_gone_alone() -> None:
    one = born()
    payload = pysparkplug.DDeath(timestamp=AT_MS, seq=2).encode()
    assert say(one, "DDEATH", payload) == [Gone(0)]
    assert not asked(one, AT + 100 * S)


def test_a_device_that_does_not_come_again_with_its_node_is_gone() -> None:
    one = born()
    say(one, "NBIRTH", node_birth(bd_seq=8))
    assert one.advance(AT + 1 * S) == []
    assert one.advance(AT + 2 * S) == [Gone(0)]
    assert one.advance(AT + 3 * S) == []


def test_a_retained_birth_is_of_a_session_that_is_over() -> None:
    one = host()
    assert one.take(Message(NODE.format("NBIRTH"), node_birth(metrics=(metric("temperature_c", 1.0),)), True), AT) == []


# --- the host's own state ---


def state(published: Publish | None) -> tuple[bool, int]:
    assert published is not None
    assert (published.topic, published.qos, published.retain) == (STATE, 1, True)
    told = json.loads(published.payload)
    assert set(told) == {"online", "timestamp"}
    return told["online"], told["timestamp"]


def test_birth_and_will_of_a_connection_have_one_time_and_each_connection_its_own() -> None:
    one = host()
    assert state(one.will(AT)) == (False, AT_MS)
    (birth,) = one.connected(AT + S)
    assert state(birth) == (True, AT_MS)
    assert state(one.will(AT + 60 * S)) == (False, AT_MS + 60_000)
    (farewell,) = one.leaving(AT + 90 * S)
    assert state(farewell) == (False, AT_MS + 90_000)


def test_who_says_that_we_are_offline_is_contradicted_but_not_in_a_storm() -> None:
    one = host()
    one.will(AT)
    one.connected(AT)
    offline = Message(STATE, json.dumps({"online": False, "timestamp": AT_MS - 5}).encode())
    (answer,) = one.take(offline, AT + 2 * S)
    assert isinstance(answer, Publish)
    assert state(answer) == (True, AT_MS)
    assert one.take(offline, AT + 2 * S + 1) == []
    assert one.take(Message(STATE, answer.payload, True), AT + 9 * S) == []


def test_the_host_listens_to_its_nodes_and_its_own_state_only() -> None:
    assert host().topics == {"spBv1.0/g/+/n", "spBv1.0/g/+/n/+", STATE}


# --- hostile ---


def huge_metric_count() -> bytes:
    return b"\x12\x00" * (METRICS_AT_MOST + 1)


HOSTILE = {
    "10,001 empty metrics": huge_metric_count(),
    "a million empty metrics": b"\x12\x00" * 1_000_000,
    "a length beyond the end": b"\x12\xff\xff\xff\xff\x0f",
    "a varint without an end": b"\x08" + b"\xff" * 20,
    "nested groups": b"\x0b" * 100_000,
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused_whole(payload: bytes) -> None:
    with pytest.raises(PayloadRefusedError):
        read_payload(payload)


def test_a_name_that_is_no_text_or_has_no_end_is_nobodys() -> None:
    for name in (b"\xff\xfe", b"x" * 100_000):
        payload = TheirPayload(timestamp=AT_MS, seq=0)
        payload.metrics.add(timestamp=AT_MS, datatype=10, double_value=1.0)
        raw = payload.SerializeToString()
        field = b"\x0a" + _varint(len(name)) + name
        inner = field + TheirPayload.FromString(raw).metrics[0].SerializeToString()
        (read,) = read_payload(b"\x12" + _varint(len(inner)) + inner).metrics
        assert read.name is None


def _varint(number: int) -> bytes:
    data = b""
    while number > 127:
        data += bytes([number % 128 + 128])
        number //= 128
    return data + bytes([number])


ANY_PAYLOAD = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda whole, at, junk: whole[: at % len(whole)] + junk + whole[at % len(whole) :],
        st.sampled_from([node_birth(), device_birth(), data(2), death()]),
        st.integers(0, 10_000),
        st.binary(max_size=8),
    ),
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"]), ANY_PAYLOAD), max_size=8
    )
)
def test_no_bytes_break_the_host_and_all_values_are_finite(messages: list[tuple[str, bytes]]) -> None:
    one = born()
    for verb, payload in messages:
        for told in (*say(one, verb, payload), *one.advance(AT + S)):
            if isinstance(told, Measurement) and told.value is not None:
                assert abs(told.value) < float("inf")


def test_a_rebirth_request_is_what_another_implementation_reads() -> None:
    told = pysparkplug.NCmd.decode(rebirth_request(AT_MS))
    assert told.timestamp == AT_MS
