"""Where many items are, and items that are registered by their links."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

SITE = "where-1"
NOW = datetime.now(UTC) - timedelta(hours=1)
CLASSIC = "urn:epc:id:sgtin:0614141.812345.6789"
LINK = "https://id.gs1.org/01/80614141123458/21/6789"
PLUS_LINK = "https://id.gs1.org/01/79521141123453/21/32a%2Fb"
PLUS_HEX = "F73795211411234538566CB0AFC4"


@pytest.fixture(scope="module", autouse=True)
def floor(service: Any) -> None:
    layout = {"v": 1, "doors": [], "bins": [{"id": "A-1", "x_m": 1, "y_m": 1, "zone": "cool"}]}
    for site in (SITE, "where-2"):
        assert service.as_("admin").put(f"/api/v1/sites/{site}/layout", json=layout).status_code == 200


def register(service: Any, **item: Any) -> Any:
    return service.as_("admin").put("/api/v1/items", json={"items": [{"sku": "S", "site": SITE, "bin": "A-1", **item}]})


def see(service: Any, helpers: Any, epc: str, **fields: Any) -> None:
    """Let a tag be seen at the site, as ingest stores it."""
    service.sql("insert into items (epc, site, state, since) values (%s, %s, 'unknown', now()) on conflict do nothing",
                [epc, SITE])  # fmt: skip
    helpers.add_movements(service, [helpers.movement(fields.pop("at", NOW), epc, site=SITE, **fields)])


def where(service: Any, *epcs: str, role: str = "viewer", site: str | None = None) -> list[str | None]:
    client = service.as_(role, site) if site else service.as_(role)
    answer = client.post("/api/v1/items/where-is", json={"epcs": epcs})
    assert answer.status_code == 200, answer.text
    assert [row["asked"] for row in answer.json()["items"]] == list(epcs)
    return [row["item"] and row["item"]["epc"] for row in answer.json()["items"]]


def test_many_are_found_in_the_order_of_the_question_and_in_any_spelling(service: Any) -> None:
    assert register(service, epc=CLASSIC).status_code == 200
    unknown = "urn:epc:id:sgtin:0614141.812345.404"
    asked = [unknown, LINK, "3074257bf7194e4000001a85", CLASSIC, unknown]
    assert where(service, *asked) == [None, CLASSIC, CLASSIC, CLASSIC, None]


def test_a_caller_of_one_site_is_told_of_that_site_only(service: Any) -> None:
    register(service, epc=CLASSIC)
    register(service, epc="urn:epc:id:sgtin:0614141.812345.55", site="where-2")
    asked = (CLASSIC, "urn:epc:id:sgtin:0614141.812345.55")
    assert where(service, *asked, site="where-2") == [None, asked[1]]


def test_a_thousand_are_taken_and_one_more_is_not(service: Any) -> None:
    epcs = [f"urn:epc:id:sgtin:0614141.812346.{n}" for n in range(1001)]
    assert where(service, *epcs[:1000]) == [None] * 1000
    answer = service.as_("viewer").post("/api/v1/items/where-is", json={"epcs": epcs})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "epcs")


def test_what_is_no_epc_is_named(service: Any) -> None:
    answer = service.as_("viewer").post("/api/v1/items/where-is", json={"epcs": [CLASSIC, "hello"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "epcs[1]")


def test_a_tag_of_a_plus_scheme_is_registered_by_its_link(service: Any, helpers: Any) -> None:
    assert (
        register(service, epc="https://id.gs1.org/01/79521141123453/21/32a%2fb?17=251231", plus=True).status_code == 200
    )
    assert where(service, PLUS_LINK) == [PLUS_LINK]
    see(service, helpers, PLUS_LINK, at=datetime.now(UTC), epc_hex=PLUS_HEX, direction="out")
    found = service.as_("viewer").get(f"/api/v1/items/{PLUS_HEX}").json()
    assert (found["epc"], found["sku"], found["state"]) == (PLUS_LINK, "S", "in_transit")


def test_a_link_that_is_on_record_needs_no_word_more(service: Any, helpers: Any) -> None:
    link = "https://id.gs1.org/01/79521141123453/21/known"
    see(service, helpers, link, epc_hex="F700", direction="in")
    assert register(service, epc=link, sku="Told").status_code == 200
    assert (
        service.as_("viewer").post("/api/v1/items/where-is", json={"epcs": [link]}).json()["items"][0]["item"]["sku"]
        == "Told"
    )


def test_hex_of_any_scheme_that_was_seen_is_registered(service: Any, helpers: Any) -> None:
    epc, epc_hex = "urn:epc:id:giai:9521141.5678", "3476451FD40000000000162E"
    assert register(service, epc=epc_hex).json()["errors"][0]["field"] == "items[0].epc"
    see(service, helpers, epc, epc_hex=epc_hex, direction="in")
    assert register(service, epc=epc_hex).status_code == 200
    assert where(service, epc) == [epc]


def test_a_classic_tag_is_registered_by_its_link_and_the_length_of_its_prefix(service: Any) -> None:
    link = "https://example.com/01/80614141123458/21/991"
    assert register(service, epc=link).status_code == 422
    assert register(service, epc=link, company_prefix_digits=7).status_code == 200
    assert where(service, link) == ["urn:epc:id:sgtin:0614141.812345.991"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"epc": CLASSIC, "plus": True}, "items[0].plus"),
        ({"epc": CLASSIC, "company_prefix_digits": 7}, "items[0].company_prefix_digits"),
        ({"epc": LINK, "company_prefix_digits": 13}, "items[0].company_prefix_digits"),
        ({"epc": LINK.replace("458", "459"), "company_prefix_digits": 7}, "items[0].company_prefix_digits"),
    ],
    ids=["plus without a link", "prefix of a URN", "no such prefix", "wrong check digit"],
)
def test_what_does_not_fit_the_epc_is_named(service: Any, item: dict[str, Any], field: str) -> None:
    answer = register(service, **item)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_unknown_goods_are_listed_as_unknown(service: Any, helpers: Any) -> None:
    stranger = "urn:epc:raw:96.xE2801160600002054A4B0001"
    see(service, helpers, stranger, epc_hex=stranger[-24:], direction="pass")
    listed = service.as_("viewer").get("/api/v1/items", params={"site": SITE, "known": "false"}).json()["items"]
    assert (stranger, None, "unknown") in [(row["epc"], row["sku"], row["state"]) for row in listed]
    register(service, epc="urn:epc:id:sgtin:0614141.812347.77")
    known = service.as_("viewer").get("/api/v1/items", params={"site": SITE, "known": "true"}).json()["items"]
    assert known and all(row["sku"] for row in known)


def test_items_are_filtered_by_zone_and_door(service: Any, helpers: Any) -> None:
    register(service, epc="urn:epc:id:sgtin:0614141.812347.1")
    inside = service.as_("viewer").get("/api/v1/items", params={"site": SITE, "zone": "cool"}).json()["items"]
    assert "urn:epc:id:sgtin:0614141.812347.1" in [row["epc"] for row in inside]
    assert all(row["bin"] == "A-1" for row in inside)
    epc = "urn:epc:id:sgtin:0614141.812347.2"
    see(service, helpers, epc, door="D7", direction="in")
    at_door = service.as_("viewer").get("/api/v1/items", params={"site": SITE, "door": "D7"}).json()["items"]
    assert [row["epc"] for row in at_door] == [epc]
