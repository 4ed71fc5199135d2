"""Parameters that look into quantities, sensors, fields of somebody's own, and patterns of EPCs."""

from typing import Any

import pytest
from tagdock_cloud.epcis.fields import path_of
from tagdock_cloud.epcis.patterns import likeness
from tagdock_cloud.epcis.tell import tell

PAPER = "urn:x:paper-of-filters"
_COMMON = {
    "eventTime": "2026-01-04T17:20:00Z", "eventTimeZoneOffset": "+00:00", "action": "OBSERVE",
    "bizTransactionList": [{"type": "inv", "bizTransaction": PAPER}],
}  # fmt: skip
EVENTS: dict[str, dict[str, Any]] = {
    "goods": {
        "type": "ObjectEvent",
        "quantityList": [
            {"epcClass": "urn:epc:class:lgtin:9527777.012345.L1", "quantity": 12.5, "uom": "KGM"},
            {"epcClass": "urn:epc:idpat:sgtin:9527777.012345.*", "quantity": 3},
        ],
        "x:truck": "B-17",
        "x:pallets": 7,
        "x:leftAt": "2026-01-04T15:00:00+01:00",
        "x:seal": {"y:number": ["4711", 9]},
        "readPoint": {"id": "urn:x:gate", "x:lane": 2},
    },
    "made": {
        "type": "ObjectEvent",
        "action": "ADD",
        "epcList": ["urn:epc:id:sgtin:9527777.012345.17", "urn:epc:id:sscc:9527777.0123456789"],
        "ilmd": {"x:bestBefore": "2027-01-01T00:00:00Z", "x:batch": {"y:line": "4"}},
        "errorDeclaration": {"declarationTime": "2026-01-06T00:00:00Z", "x:told": "ann"},
    },
    "sensed": {
        "type": "ObjectEvent",
        "epcList": ["urn:epc:id:grai:9527777.12345.400"],
        "sensorElementList": [
            {
                "sensorMetadata": {
                    "startTime": "2026-01-04T10:00:00Z",
                    "endTime": "2026-01-04T11:00:00+00:00",
                    "bizRules": "urn:x:rule",
                    "deviceID": "urn:x:logger",
                    "x:probe": 1,
                },
                "sensorReport": [
                    {"type": "Temperature", "value": 8.5, "uom": "CEL", "x:spot": "top"},
                    {
                        "type": "Temperature",
                        "minValue": 2,
                        "maxValue": 9,
                        "meanValue": 5,
                        "sDev": 0.5,
                        "percRank": 50,
                        "percValue": 6,
                        "uom": "CEL",
                        "time": "2026-01-04T10:30:00Z",
                    },
                ],
                "x:box": "7",
            }
        ],
    },
}


@pytest.fixture(scope="module")
def events(service: Any) -> Any:
    """The service with these events in it."""
    for name, event in EVENTS.items():
        context = [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            {"x": "https://x.example/", "y": "https://y.example/"},
        ]
        body = {"@context": context, **_COMMON, **event, "eventID": f"urn:x:filtered:{name}"}
        answer = service.as_("integrator").post("/epcis/v2/events", json=body)
        assert answer.status_code == 201, answer.text
    return service


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"EQ_quantity": "3"}, "goods"),
        ({"EQ_quantity": "1|12.5"}, "goods"),
        ({"GT_quantity": "12.5"}, ""),
        ({"GE_quantity_KGM": "12.5"}, "goods"),
        ({"LE_quantity_KGM": "3"}, ""),
        ({"LT_quantity": "4"}, "goods"),
        ({"GT_value_CEL": "8"}, "sensed"),
        ({"GT_value_FAH": "8"}, ""),
        ({"LT_minValue_CEL": "2"}, ""),
        ({"LE_minValue_CEL": "2", "GE_maxValue_CEL": "9"}, "sensed"),
        ({"EQ_value_CEL": "8.5|9"}, "sensed"),
        ({"GE_meanValue_CEL": "5", "GE_sDev_CEL": "0.5", "GE_percRank": "50", "GE_percValue_CEL": "6"}, "sensed"),
        ({"GE_startTime": "2026-01-04T10:00:00Z", "LT_endTime": "2026-01-04T11:00:00.001Z"}, "sensed"),
        ({"LT_startTime": "2026-01-04T10:00:00Z"}, ""),
        ({"GE_time": "2026-01-04T11:30:00+01:00"}, "sensed"),
        ({"EXISTS_sensorElementList": ""}, "sensed"),
        ({"EQ_type": "Temperature"}, "sensed"),
        ({"EQ_bizRules": "urn:x:rule", "EQ_deviceID": "urn:x:logger"}, "sensed"),
        ({"EQ_x:truck": "A-1|B-17"}, "goods"),
        ({"EQ_x:truck": "B"}, ""),
        ({"EQ_x:pallets": "7"}, "goods"),
        ({"GT_x:pallets": "6", "LT_x:pallets": "7.5"}, "goods"),
        ({"GT_x:truck": "6"}, ""),
        ({"GE_x:leftAt": "2026-01-04T14:00:00Z", "LE_x:leftAt": "2026-01-04T14:00:00Z"}, "goods"),
        ({"EQ_x:leftAt": "2026-01-04T14:00:00Z"}, "goods"),
        ({"LT_x:truck": "2026-01-04T14:00:00Z"}, ""),
        ({"EXISTS_x:seal": ""}, "goods"),
        ({"EXISTS_y:number": "1"}, ""),
        ({"EXISTS_INNER_y:number": "1"}, "goods"),
        ({"EQ_INNER_y:number": "4711"}, "goods"),
        ({"EQ_INNER_y:number": "9"}, "goods"),
        ({"EQ_readPoint_x:lane": "2"}, "goods"),
        ({"GE_ILMD_x:bestBefore": "2026-12-31T00:00:00Z"}, "made"),
        ({"EXISTS_ILMD_x:bestBefore": ""}, "made"),
        ({"EQ_INNER_ILMD_y:line": "4"}, "made"),
        ({"EQ_ERROR_DECLARATION_x:told": "ann"}, "made"),
        ({"EQ_SENSORELEMENT_x:box": "7"}, "sensed"),
        ({"GE_SENSORMETADATA_x:probe": "1"}, "sensed"),
        ({"EQ_SENSORREPORT_x:spot": "top"}, "sensed"),
        ({"EXISTS_SENSORREPORT_x:box": ""}, ""),
        ({"EQ_x:truck": "B-17", "GT_quantity": "100"}, ""),
        ({"MATCH_epc": "urn:epc:idpat:sgtin:9527777.012345.*"}, "made"),
        ({"MATCH_anyEPC": "urn:epc:idpat:sgtin:9527777.*.*"}, "made"),
        ({"MATCH_epc": "urn:epc:idpat:sscc:9527777.*"}, "made"),
        ({"MATCH_epc": "urn:epc:idpat:grai:9527777.12345.*|urn:epc:idpat:sgtin:9527777.012345.*"}, "made sensed"),
        ({"MATCH_epc": "urn:epc:idpat:grai:*.*.*"}, "sensed"),
        ({"MATCH_epc": "urn:epc:idpat:sgtin:9527776.*.*"}, ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_query_looks_into_what_events_hold(events: Any, query: dict[str, str], found: str) -> None:
    answer = events.as_("viewer").get("/epcis/v2/events", params={**query, "EQ_bizTransaction_inv": PAPER})
    assert answer.status_code == 200, answer.text
    list_ = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert sorted(event["eventID"].rsplit(":", 1)[1] for event in list_) == found.split()


def test_patterns_find_our_own_events_as_well(events: Any, run: Any, move: Any) -> None:
    for epc in (
        "urn:epc:id:sgtin:9529999.000001.1",
        "urn:epc:id:sgtin:9529999.000002.1",
        "urn:epc:id:sgtin:9529998.000001.1",
    ):
        move(epc)
    run(tell)
    for pattern, count in [("9529999.000001.*", 1), ("9529999.*.*", 2), ("9529998.*.*", 1), ("9529997.*.*", 0)]:
        query = {"MATCH_epc": f"urn:epc:idpat:sgtin:{pattern}"}
        list_ = events.as_("viewer").get("/epcis/v2/events", params=query).json()
        assert len(list_["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == count, pattern


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GT_quantity", "many"), ("GT_quantity", "nan"), ("GE_value_CEL", "1_0"), ("GE_startTime", "10"),
        ("GT_x:pallets", "blue"), ("EQ_quantity", "x"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_compared_is_refused(events: Any, name: str, value: str) -> None:
    answer = events.as_("viewer").get("/epcis/v2/events", params={name: value})
    assert (answer.status_code, answer.json()["type"]) == (400, "epcisException:QueryParameterException")
    assert answer.json()["errors"][0]["field"] == name


@pytest.mark.parametrize(
    "value", ['"', '\\" || true || "', "'", "\\", "$", "@", "\u0007", "\U0001f600", "]} ? (true)"], ids=repr
)
def test_no_value_gets_out_of_its_quotes(events: Any, value: str) -> None:
    query = {"EQ_x:truck": value, "EQ_bizTransaction_inv": PAPER}
    answer = events.as_("viewer").get("/epcis/v2/events", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == []


def test_a_name_outside_of_the_grammar_is_no_parameter() -> None:
    for name in ("EQ_x:a b", 'EQ_x:a"', "EQ_truck", "GT_value_", "XX_value_CEL", "EQ_:a", "EXISTS_quantity"):
        assert path_of(name, ["1"]) is None


@pytest.mark.parametrize(
    "text", ["urn:epc:idpat:sgtin:9521234.*.17", "urn:epc:idpat:xyz:1.*", "urn:epc:idpat:sgtin:9527777.012345.17"]
)
def test_what_is_no_pattern_is_like_nothing(text: str) -> None:
    assert likeness(text) is None
