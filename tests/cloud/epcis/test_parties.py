"""Places with GLNs and addresses, and the papers that goods pass under, over HTTP."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from tagdock_cloud.epcis.tell import tell

_serials = itertools.count(1)
_prefixes = itertools.count(9520000)
Run, Move = Callable[..., None], Callable[..., dict[str, Any]]
URN = {"GS1-EPC-Format": "Always_EPC_URN"}


@pytest.fixture
def epc() -> str:
    """An EPC that no other test uses."""
    return f"urn:epc:id:sgtin:9521234.041414.{next(_serials)}"


@pytest.fixture
def site(service: Any) -> str:
    """A site that no other test uses."""
    name = f"party-{next(_serials)}"
    service.sql("insert into sites (site) values (%s)", [name])
    return name


@pytest.fixture
def gln() -> str:
    """A GLN that no other test uses, of a company prefix of seven digits."""
    digits = f"{next(_prefixes)}00001"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def put(service: Any, path: str, body: dict[str, Any], status: int = 200, role: str = "integrator") -> Any:
    answer = service.as_(role).put(f"/api/v1/sites/{path}", json=body, headers={"If-Match": "*"})
    if answer.status_code == 412:  # nothing is there yet
        answer = service.as_(role).put(f"/api/v1/sites/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def told(service: Any, **query: str) -> list[dict[str, Any]]:
    answer = service.as_("viewer").get("/epcis/v2/events", params=query, headers=URN)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return events


def expect(service: Any, site: str, kind: str, epc: str, partner: str = "") -> None:
    """Enter an order or notice for an item, and open its session at door D1."""
    service.sql("insert into orders (site, kind, order_id, partner) values (%s, %s, 'P 1', %s)", [site, kind, partner])
    service.sql("insert into order_lines values (%s, %s, 'P 1', 1, %s)", [site, kind, epc])
    service.sql(
        "insert into door_sessions (site, kind, order_id, door, opened_at, opened_by)"
        " values (%s, %s, 'P 1', 'D1', now() - interval '10 minutes', 'ann')",
        [site, kind],
    )
    service.sql("update follow_marks set stored_at = now() + interval '1 hour' where follower = 'sessions'")


def test_events_name_places_by_their_glns_and_are_found_by_every_name(
    service: Any, run: Run, move: Move, epc: str, site: str, gln: str
) -> None:
    move(epc, 90, site=site, door="D1", direction="in")
    run(tell)
    shown = put(service, f"{site}/epcis", {"gln": gln, "company_prefix_digits": 7})
    assert shown["uri"] == f"urn:epc:id:sgln:{gln[:7]}.00001.0"
    door = put(
        service, f"{site}/epcis/places/door/D1", {"gln": gln, "extension": "D1", "company_prefix_digits": 7}, 201
    )
    move(epc, 60, site=site, door=None, bin="A 1", direction="in")
    move(epc, 30, site=site, door="D1", direction="out")
    run(tell)
    out, put_away, came_in = told(service, MATCH_epc=epc)
    assert came_in["readPoint"]["id"] == f"urn:tagdock:door:{site}:D1"  # as it was told
    assert out["readPoint"]["id"] == door["uri"] == f"urn:epc:id:sgln:{gln[:7]}.00001.D1" and "bizLocation" not in out
    assert put_away["readPoint"]["id"] == f"urn:tagdock:bin:{site}:A%201"
    for name in (door["uri"], f"https://id.gs1.org/414/{gln}/254/D1", f"urn:tagdock:door:{site}:D1"):
        assert told(service, EQ_readPoint=name, MATCH_epc=epc) == [out, came_in]
    for name in (shown["uri"], f"https://id.gs1.org/414/{gln}", f"urn:tagdock:site:{site}"):
        assert told(service, WD_readPoint=name, MATCH_epc=epc) == [out, put_away, came_in]
        assert told(service, EQ_bizLocation=name, MATCH_epc=epc) == [came_in]
    members = service.as_("viewer", site).get("/epcis/v2/readPoints", params={"perPage": "1000"}).json()["member"]
    assert members == sorted([door["uri"], f"urn:tagdock:bin:{site}:A%201"])
    assert service.as_("viewer").get(f"/epcis/v2/readPoints/{quote(door['uri'], safe='')}/events").status_code == 200
    link = service.as_("viewer").get(f"/epcis/v2/events/{quote(out['eventID'], safe='')}").json()
    (event,) = link["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert event["readPoint"]["id"] == f"https://id.gs1.org/414/{gln}/254/D1"


def test_events_name_places_by_addresses_where_a_site_has_a_prefix(
    service: Any, run: Run, move: Move, epc: str, site: str, schema: Any
) -> None:
    prefix = f"https://places.example/{site}/"
    put(service, f"{site}/epcis", {"uri_prefix": prefix})
    move(epc, site=site, door=None, bin="A 1", direction="in")
    run(tell)
    answer = service.as_("viewer").get("/epcis/v2/events", params={"EQ_bizLocation": f"{prefix}loc/bin/A%201"})
    assert list(schema.iter_errors(answer.json())) == []
    (event,) = told(service, EQ_bizLocation=f"{prefix}loc/bin/A%201")
    assert event["readPoint"] == event["bizLocation"] == {"id": f"{prefix}loc/bin/A%201"}
    assert told(service, WD_readPoint=f"{prefix}loc/site") == [event]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"gln": "9521234000014"}, "gln"),
        ({"gln": "952123400001"}, "gln"),
        ({"gln": "9521234000013", "company_prefix_digits": 5}, "company_prefix_digits"),
        ({"gln": "9521234000013", "extension": "a/b"}, "extension"),
        ({"gln": "9521234000013", "extension": "0"}, "body"),
        ({"extension": "1"}, "body"),
        ({"uri_prefix": "http://x.example/"}, "uri_prefix"),
        ({"uri_prefix": "https://x.example"}, "uri_prefix"),
        ({"uri_prefix": "https://x.example/?a=/"}, "uri_prefix"),
        ({"name": "x"}, "name"),
    ],
    ids=str,
)
def test_what_names_no_place_is_refused_by_its_field(service: Any, site: str, body: dict[str, Any], field: str) -> None:
    refusal = put(service, f"{site}/epcis", body, 422)
    assert refusal["errors"][0]["field"] == field, refusal


def test_a_name_is_never_given_to_a_second_place(service: Any, site: str, gln: str) -> None:
    put(service, f"{site}/epcis", {"gln": gln, "uri_prefix": f"https://x.example/{site}/"})
    refusal = put(service, f"{site}/epcis/places/door/D1", {"gln": gln, "company_prefix_digits": 7}, 409)
    assert "gln" in refusal["detail"]
    put(service, f"{site}/epcis", {})  # told no more, but not free
    put(service, f"{site}/epcis/places/door/D1", {"gln": gln}, 409)
    other = f"{site}-2"
    service.sql("insert into sites (site) values (%s)", [other])
    put(service, f"{other}/epcis", {"uri_prefix": f"https://x.example/{site}/more/"}, 409)
    put(service, f"{site}/epcis", {"gln": gln, "uri_prefix": f"https://x.example/{site}/more/"})


def test_who_a_place_is_is_audited_limited_and_never_overwritten_unseen(service: Any, site: str, gln: str) -> None:
    path = f"/api/v1/sites/{site}/epcis"
    service.as_("integrator").put(path, json={"gln": gln})
    assert service.as_("integrator").put(path, json={"gln": gln}).status_code == 428
    tag = service.as_("viewer").get(path).headers["etag"]
    assert service.as_("integrator").put(path, json={"gln": gln}, headers={"If-Match": tag}).status_code == 200
    assert service.as_("integrator").put(path, json={}, headers={"If-Match": tag}).status_code == 412
    assert service.as_("viewer").put(path, json={}, headers={"If-Match": "*"}).status_code == 403
    assert service.as_("integrator", "here").put(path, json={}, headers={"If-Match": "*"}).status_code == 403
    assert service.as_("viewer", "here").get(path).status_code == 403
    assert service.as_("integrator").put("/api/v1/sites/nowhere/epcis", json={}).status_code == 404
    put(service, f"{site}/epcis/places/bin/A 1", {"gln": gln, "extension": "A1"}, 201)
    (listed,) = service.as_("viewer").get(f"{path}/places").json()["items"]
    assert listed == service.as_("viewer").get(f"{path}/places/bin/A 1").json()
    gone = service.as_("integrator").delete(f"{path}/places/bin/A 1", headers={"If-Match": "*"})
    assert gone.status_code == 204 and service.as_("viewer").get(f"{path}/places/bin/A 1").status_code == 404
    actions = [row["action"] for row in service.sql("select action from audit where site = %s order by at", [site])]
    assert actions == ["epcis.site.put", "epcis.place.put", "epcis.place.delete"]


@pytest.mark.parametrize(
    ("kind", "directions", "type_", "name", "other"),
    [
        pytest.param("outbound", ["out"], "po", "destination", "source", id="shipped"),
        pytest.param("inbound", ["in"], "desadv", "source", "destination", id="received"),
        pytest.param("inbound", ["out", "in"], "rma", "source", "destination", id="returned"),
    ],
)
def test_what_passes_under_a_paper_names_it_and_its_parties(
    service: Any, run: Run, move: Move, epc: str, site: str, gln: str, kind: str, directions: list[str], type_: str,
    name: str, other: str,
) -> None:  # fmt: skip
    put(service, f"{site}/epcis", {"gln": gln, "company_prefix_digits": 7, "party_gln": gln})
    expect(service, site, kind, epc, "4012345000009")
    for n, direction in enumerate(directions):
        move(epc, 300 - n, site=site, door="D1", direction=direction)
    run(tell)
    event = told(service, MATCH_epc=epc)[0]
    paper = f"urn:epcglobal:cbv:bt:{gln}:P%201"
    assert event["bizTransactionList"] == [{"type": type_, "bizTransaction": paper}]
    assert event[f"{name}List"] == [{"type": "possessing_party", name: "https://id.gs1.org/417/4012345000009"}]
    ours = {one["type"]: one[other] for one in event[f"{other}List"]}
    assert ours == {
        "possessing_party": f"urn:epc:id:pgln:{gln[:7]}.00001", "location": f"urn:epc:id:sgln:{gln[:7]}.00001.0"
    }  # fmt: skip
    assert event["disposition"] == {"po": "in_transit", "desadv": "in_progress", "rma": "returned"}[type_]
    assert told(service, **{f"EQ_bizTransaction_{type_}": paper}) == [event]
    assert told(
        service, **{f"EQ_{name}_possessing_party": "https://id.gs1.org/417/4012345000009", "MATCH_epc": epc}
    ) == [event]
    assert told(service, EQ_bizTransaction_inv=paper) == []


def test_what_a_paper_does_not_ask_for_does_not_pass_under_it(
    service: Any, run: Run, move: Move, epc: str, site: str
) -> None:
    expect(service, site, "outbound", epc)
    move(f"{epc}9", 60, site=site, door="D1", direction="out")
    move(epc, 50, site=site, door="D2", direction="out")
    move(epc, 40, site=site, door="D1", direction="in")
    run(tell)
    assert all("bizTransactionList" not in event for event in told(service, WD_readPoint=f"urn:tagdock:site:{site}"))


def test_goods_have_time_to_open_their_session(service: Any, run: Run, move: Move, epc: str, site: str) -> None:
    expect(service, site, "outbound", epc)
    for item in (epc, f"{epc}0001", f"{epc}0002"):  # again where the machine stood still for the minute of waiting
        service.sql("update follow_marks set stored_at = now() - interval '10 seconds' where follower = 'sessions'")
        began_at = datetime.now(UTC)
        move(item, 5, site=site, door="D1", direction="out")
        run(tell)
        if datetime.now(UTC) - began_at < timedelta(seconds=50):
            break
    assert told(service, MATCH_epc=item) == []
    service.sql("update follow_marks set stored_at = now() + interval '1 hour' where follower = 'sessions'")
    run(tell)
    assert len(told(service, MATCH_epc=item)) == 1


def test_what_is_corrected_names_its_places_as_they_are_called_then(
    service: Any, run: Run, move: Move, epc: str, site: str, gln: str
) -> None:
    movement = move(epc, site=site, door="D1", direction="in")
    run(tell)
    put(service, f"{site}/epcis", {"gln": gln, "company_prefix_digits": 7})
    service.sql(
        "select correct_movements(jsonb_build_array(jsonb_build_object('site', %s::text, 'observed_at', %s::text,"
        " 'event_id', %s::text, 'kind', 'decided', 'by', 'ann', 'direction', 'in', 'door', 'D2')))",
        [site, movement["observed_at"].isoformat(), str(movement["event_id"])],
    )
    run(tell)
    first, *others = told(service, MATCH_epc=epc, orderBy="recordTime", orderDirection="ASC")
    declared = next(event for event in others if "errorDeclaration" in event)
    (again,) = (event for event in others if "errorDeclaration" not in event)
    assert declared["eventID"] == first["eventID"] and declared["bizLocation"] == first["bizLocation"]
    assert again["bizLocation"]["id"] == f"urn:epc:id:sgln:{gln[:7]}.00001.0"
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [again["eventID"]]


def test_what_is_captured_at_a_named_place_is_of_its_site(service: Any, epc: str, site: str, gln: str) -> None:
    put(service, f"{site}/epcis", {"gln": gln, "uri_prefix": f"https://captured.example/{site}/"})
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    event = {
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "type": "ObjectEvent",
        "eventTime": at, "eventTimeZoneOffset": "+00:00", "action": "OBSERVE", "epcList": [epc],
    }  # fmt: skip
    places = [f"urn:epc:id:sgln:{gln[:7]}.00001.0", f"https://captured.example/{site}/loc/door/D1"]
    for place in places:
        body = {**event, "readPoint": {"id": place}}
        assert service.as_("integrator", "here").post("/epcis/v2/events", json=body).status_code == 403
        assert service.as_("integrator", site).post("/epcis/v2/events", json=body).status_code == 201
    assert len(told(service, WD_readPoint=f"https://id.gs1.org/414/{gln}", MATCH_epc=epc)) == 2
    assert len(told(service, EQ_readPoint=f"urn:tagdock:door:{site}:D1", MATCH_epc=epc)) == 1
