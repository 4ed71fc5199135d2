"""Orders and advance notices: entered whole, from JSON or CSV, and the same words again change nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

EPC = "urn:epc:id:sgtin:9521234.000001.{}"
DUE = "2026-05-04T08:00:00Z"


@pytest.fixture
def house(service: Any) -> Any:
    service.sql("truncate orders, order_lines, door_sessions, session_goods cascade")
    service.sql("insert into sites (site) values ('s1'), ('s2') on conflict do nothing")
    return service


def order(order_id: str = "A-1", **changes: Any) -> dict[str, Any]:
    return {"site": "s1", "id": order_id, "lines": [{"sku": "BOX", "quantity": 20}, {"epc": EPC.format(1)}], **changes}


def put(house: Any, *orders: dict[str, Any], path: str = "orders", role: str = "integrator") -> Any:
    return house.as_(role).put(f"/api/v1/{path}", json={"items": orders})


def load(house: Any, text: str | bytes, path: str = "orders") -> Any:
    content = text.encode() if isinstance(text, str) else text
    return house.as_("integrator").post(f"/api/v1/{path}/import", content=content, headers={"Content-Type": "text/csv"})


def one(house: Any, order_id: str = "A-1", path: str = "orders") -> Any:
    return house.as_("viewer").get(f"/api/v1/sites/s1/{path}/{order_id}")


def test_an_order_is_entered_whole_and_the_same_words_again_change_nothing(house: Any) -> None:
    body = order(partner="Jumbo", door="D1", due_at=DUE)
    audited = len(house.sql("select * from audit where action = 'order.put'"))
    assert [put(house, body).json() for _ in range(2)] == [{"written": 1, "changed": 1}, {"written": 1, "changed": 0}]
    got = one(house).json()
    assert (got["partner"], got["door"], got["due_at"], got["state"]) == ("Jumbo", "D1", DUE, "open")
    assert got["lines"] == [
        {"line": 1, "epc": None, "sku": "BOX", "expected": 20, "seen": 0},
        {"line": 2, "epc": EPC.format(1), "sku": None, "expected": 1, "seen": 0},
    ]
    assert put(house, order(lines=[{"sku": "BOX", "quantity": 5}])).json() == {"written": 1, "changed": 1}
    assert [line["expected"] for line in one(house).json()["lines"]] == [5]
    assert len(house.sql("select * from audit where action = 'order.put'")) == audited + 2


def test_orders_and_notices_of_one_name_are_two_things(house: Any) -> None:
    put(house, order("X"))
    assert one(house, "X", "notices").status_code == 404
    put(house, order("X", partner="Supplier"), path="notices")
    assert (one(house, "X").json()["partner"], one(house, "X", "notices").json()["partner"]) == ("", "Supplier")


LINK = "https://id.gs1.org/01/09521234000013/21/1"
"""EPC 1 of this page, which does not say that its company prefix has seven digits."""


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        pytest.param({"epc": "301645214800004000000001"}, EPC.format(1), id="hex"),
        pytest.param({"epc": EPC.format(1)}, EPC.format(1), id="URN"),
        pytest.param({"epc": LINK, "company_prefix_digits": 7}, EPC.format(1), id="link and the length of its prefix"),
        pytest.param({"epc": LINK, "plus": True}, LINK, id="link that a + tag is named by"),
    ],
)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_epcs_are_kept_in_the_form_that_gateways_report(
    house: Any, words: dict[str, Any], kept: str, form: str
) -> None:
    if form == "json":
        answer = put(house, order(lines=[words]))
    else:
        answer = load(house, "site,order,{}\ns1,A-1,{}\n".format(*map(",".join, (words, map(str, words.values())))))
    assert answer.json() == {"written": 1, "changed": 1}
    [line] = one(house).json()["lines"]
    assert line["epc"] == kept


def test_a_link_to_what_is_on_record_needs_no_more_words(house: Any) -> None:
    line = {"lines": [{"epc": LINK}]}
    refused = put(house, order(**line), path="notices")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "items[0].lines[0].epc")
    assert "company_prefix_digits" in refused.json()["detail"]
    house.sql(
        "insert into items (epc, site, state, since) values (%(epc)s, 's1', 'unknown', now())", {"epc": EPC.format(1)}
    )
    try:
        assert put(house, order(**line), path="notices").status_code == 200
        assert house.as_("integrator").put("/api/v1/sites/s1/orders/B", json=line).status_code == 201
    finally:
        house.sql("delete from items")
    assert [one(house, *name).json()["lines"][0]["epc"] for name in (("A-1", "notices"), ("B",))] == [EPC.format(1)] * 2


def test_orders_are_listed_by_when_they_are_due_page_by_page(house: Any) -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    put(
        house,
        *(order(f"O{n}", due_at=(now - timedelta(hours=n)).isoformat(), door=f"D{n % 2}") for n in range(5)),
        order("ANY"),
    )
    viewer = house.as_("viewer")
    first = viewer.get("/api/v1/orders?limit=4")
    second = viewer.get(first.links["next"]["url"])
    assert [row["id"] for page in (first, second) for row in page.json()["items"]] == [
        "O4",
        "O3",
        "O2",
        "O1",
        "O0",
        "ANY",
    ]
    assert "next" not in second.links
    assert [row["id"] for row in viewer.get("/api/v1/orders?door=D1").json()["items"]] == ["O3", "O1"]
    assert [
        row["id"] for row in viewer.get(f"/api/v1/orders?since={now.isoformat().replace('+', '%2B')}").json()["items"]
    ] == ["O0"]
    assert viewer.get("/api/v1/notices").json() == {"items": []}
    assert viewer.get("/api/v1/orders?cursor=WyJ4IiwieCIsIngiXQ").status_code == 422


def test_a_cancelled_order_stays_cancelled(house: Any) -> None:
    put(house, order())
    cancel = house.as_("manager").post("/api/v1/sites/s1/orders/A-1/cancel")
    assert (
        cancel.json()["state"]
        == "cancelled"
        == house.as_("manager").post("/api/v1/sites/s1/orders/A-1/cancel").json()["state"]
    )
    put(house, order(partner="other"))
    assert one(house).json()["state"] == "cancelled"
    assert [row["id"] for row in house.as_("viewer").get("/api/v1/orders?state=cancelled").json()["items"]] == ["A-1"]
    assert len(house.sql("select * from audit where action = 'order.cancel'")) == 1


CSV = """site,order,partner,door,due_at,sku,quantity,epc
s1,A-1,Jumbo,D1,2026-05-04T08:00:00Z,BOX,20,
s1,A-1,,,,,,urn:epc:id:sgtin:9521234.000001.1
s1,B-2,"Ahold, Zaandam",,,LAMP,3,
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CSV, id="commas"),
        pytest.param(b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(), id="as a spreadsheet writes it"),
        pytest.param(
            CSV.replace('"Ahold, Zaandam"', "Ahold; Zaandam").replace(";", "|").replace(",", ";"), id="semicolons"
        ),
        pytest.param(CSV + "\n,,,,,,,\n", id="empty lines"),
    ],
)
def test_a_csv_is_read_as_the_json_would_be(house: Any, text: str | bytes) -> None:
    assert load(house, text).json() == {"written": 2, "changed": 2}
    same = order(partner="Jumbo", door="D1", due_at=DUE)
    assert put(house, same).json() == {"written": 1, "changed": 0}
    assert one(house, "B-2").json()["partner"].startswith("Ahold")


HEAD = "site,order,sku,quantity\n"
MISTAKES: dict[str, tuple[str | bytes, list[str]]] = {
    "a quantity in words": (HEAD + "s1,A,BOX,1\ns1,A,LAMP,many\n", ["line 3, quantity"]),
    "several at once": (HEAD + "s1,A,BOX,0\ns1,A b!,LAMP,1\n", ["line 2, quantity", "line 3, order"]),
    "a line without goods": (HEAD + "s1,A,,\n", ["line 2"]),
    "rows that disagree": ("site,order,door,sku,quantity\ns1,A,D1,BOX,1\ns1,A,D2,LAMP,1\n", ["line 3, door"]),
    "an unknown column": ("site,order,colour\n", ["line 1"]),
    "a missing column": ("order,sku,quantity\n", ["line 1"]),
    "a column twice": ("site,order,sku,sku\n", ["line 1"]),
    "a short row": (HEAD + "s1,A\n", ["line 2"]),
    "a broken quote": (HEAD + 's1,A,"BOX"x,1\n', ["line 2"]),
    "another encoding": (HEAD.encode() + b"s1,A,K\xe4se,1\n", ["line 2"]),
    "one SKU in two lines": (HEAD + "s1,A,BOX,1\ns1,A,BOX,2\n", ["line 2"]),
    "a site that nobody knows": (HEAD + "s9,A,BOX,1\n", ["items[0].site"]),
    "no text": (b"\x00\x01\x02", ["line 1"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_csv_with_a_mistake_is_refused_whole_and_told_where(house: Any, name: str) -> None:
    text, fields = MISTAKES[name]
    answer = load(house, text)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert house.sql("select * from orders") == []


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "epc and sku in one line": (
        order(lines=[{"epc": EPC.format(1), "sku": "BOX", "quantity": 1}]),
        "items[0].lines[0]",
    ),
    "a sku without a quantity": (order(lines=[{"sku": "BOX"}]), "items[0].lines[0]"),
    "no line": (order(lines=[]), "items[0].lines"),
    "no EPC": (order(lines=[{"epc": "pallet-7"}]), "items[0].lines[0].epc"),
    "an EPC in two forms": (
        order(lines=[{"epc": EPC.format(1)}, {"epc": LINK, "company_prefix_digits": 7}]),
        "items[0].lines[1].epc",
    ),
    "a link that nobody can tell": (order(lines=[{"epc": LINK}]), "items[0].lines[0].epc"),
    "a prefix that the link has not": (
        order(lines=[{"epc": EPC.format(1), "company_prefix_digits": 7}]),
        "items[0].lines[0].company_prefix_digits",
    ),
    "words of an EPC on a sku": (order(lines=[{"sku": "BOX", "quantity": 1, "plus": True}]), "items[0].lines[0]"),
    "an unknown site": (order(site="s9"), "items[0].site"),
    "a name that no address holds": (order("a/b"), "items[0].id"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(house: Any, name: str) -> None:
    body, field = REFUSED[name]
    answer = put(house, order("GOOD"), body) if name == "an unknown site" else put(house, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field.replace("[0].site", "[1].site")
    assert house.sql("select * from orders") == []


def test_only_who_supplies_enters_orders_and_only_for_their_sites(house: Any) -> None:
    assert put(house, order(), role="operator").status_code == 403
    elsewhere = house.as_("integrator", "s2")
    assert elsewhere.put("/api/v1/orders", json={"items": [order()]}).status_code == 403
    content = {"content": CSV, "headers": {"Content-Type": "text/csv"}}
    assert elsewhere.post("/api/v1/orders/import", **content).status_code == 403
    put(house, order())
    assert elsewhere.get("/api/v1/orders").json() == {"items": []}
    assert elsewhere.get("/api/v1/sites/s1/orders/A-1").status_code == 403


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_what_is_not_said_to_be_csv_is_not_looked_into(house: Any, kind: str) -> None:
    answer = house.as_("integrator").post("/api/v1/orders/import", content=CSV, headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["accept"]) == (415, "text/csv")


def test_a_body_too_large_is_refused_before_it_is_read(house: Any) -> None:
    assert load(house, b"x" * (16 * 2**20 + 1)).status_code == 413


@pytest.mark.parametrize("path", ["orders", "notices"])
def test_one_is_entered_and_overwritten_by_who_has_seen_it(house: Any, path: str) -> None:
    integrator, address = house.as_("integrator"), f"/api/v1/sites/s1/{path}/V-1"
    body = {"door": "D1", "lines": [{"sku": "BOX", "quantity": 3}]}
    entered = integrator.put(address, json=body)
    assert (entered.status_code, entered.json()["lines"][0]["expected"]) == (201, 3)
    seen = {"If-Match": one(house, "V-1", path).headers["etag"]}
    assert entered.headers["etag"] == seen["If-Match"]
    assert integrator.put(address, json=body).status_code == 428
    assert integrator.put(address, json={**body, "door": "D2"}, headers=seen).json()["door"] == "D2"
    assert integrator.put(address, json=body, headers=seen).status_code == 412
    wrong = integrator.put(address, json={"lines": [{"epc": "nonsense"}]}, headers={"If-Match": "*"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "lines[0].epc")
    assert integrator.put(f"/api/v1/sites/nowhere/{path}/V-1", json=body).json()["errors"][0]["field"] == "site"
