"""Returns: applied for, recognised at the door, held where the terms refuse, decided after inspections, told once."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.life.following import follow_doors
from tagdock_cloud.returns.arriving import follow_lives
from tagdock_cloud.store import pool

SITE = "s1"
NUMBERS = count(500)
HOUSE = """
    insert into sites (site) values ('s1'), ('s2');
    insert into doors (site, door) values ('s1', 'D1');
    insert into gateways (site, gateway) values ('s1', 'g1');
    insert into skus (sku) values ('X'), ('RARE');
    insert into webhooks (name, url, topics, secret, created_by)
    values ('erp', 'https://erp.example/x', '{return}', 'whsec_x', 'x');
    update return_terms set holding_zone = 'RETURNS'
"""


@pytest.fixture(scope="module")
def house(service: Any) -> Any:
    service.sql(HOUSE)
    return service


class House:
    """What people and doors do."""

    def __init__(self, service: Any, helpers: Any) -> None:
        self.service, self.helpers = service, helpers

    def shipped(self, sku: str = "X") -> str:
        """Return an item that left."""
        epc = f"urn:epc:id:sgtin:9521234.000001.{next(NUMBERS)}"
        self.service.sql(
            "insert into items (epc, sku, site, door, state, since, registered_at) values (%(epc)s, %(sku)s, 's1',"
            " 'D1', 'in_transit', now() - interval '5 h', now() - interval '1 day')",
            {"epc": epc, "sku": sku},
        )
        self.passes(epc, "out", hours=5)
        return epc

    def passes(self, epc: str, way: str, hours: float = 0) -> None:
        at = datetime.now(UTC) - timedelta(hours=hours)
        told = {"site": SITE, "observed_at": at, "event_id": uuid4(), "gateway": "g1", "epc": epc, "door": "D1"}
        self.helpers.add_movements(self.service, [{**told, "direction": way, "confidence": 1, "evidence": {}}])
        self.follow()

    def follow(self) -> None:
        for duty in (follow_doors, follow_lives):
            with pool.connect(self.service.database) as connection:
                duty(connection)

    def client(self, who: str) -> Any:
        return self.service.as_(who[:-1], SITE) if who.endswith("2") else self.service.as_(who)

    def apply(self, *epcs: str, who: str = "integrator", **told: Any) -> Any:
        items = [{"epc": epc} for epc in epcs]
        body = {"site": SITE, "kind": "self_return", "reason": "changed_mind", "order": "O-1", "items": items, **told}
        return self.client(who).post("/api/v1/returns", json=body)

    def announced(self, *epcs: str, **told: Any) -> str:
        answer = self.apply(*epcs, **told)
        assert answer.status_code == 201 and answer.json()["state"] == "announced", answer.text
        return str(answer.json()["case_ref"])

    def of(self, epc: str) -> Any:
        (case,) = self.client("viewer").get("/api/v1/returns", params={"epc": epc, "archived": False}).json()["items"]
        return self.case(case["case_ref"])

    def case(self, ref: str) -> Any:
        return self.client("viewer").get(f"/api/v1/returns/{ref}").json()

    def does(self, ref: str, what: str, who: str = "manager", **body: Any) -> Any:
        return self.client(who).post(f"/api/v1/returns/{ref}/{what}", json=body or None)

    def decides(self, ref: str, outcome: str, line: int = 1, who: str = "inspector") -> Any:
        return self.does(ref, f"lines/{line}/outcome", who, outcome=outcome, reason="seen")

    def steps(self, epc: str, *steps: tuple[str, str, dict[str, Any]]) -> None:
        for transition, who, told in steps:
            body = {"transition": transition, **told}
            answer = self.client(who).post(f"/api/v1/items/{epc}/life/steps", json=body)
            assert answer.status_code == 201, (transition, answer.text)
        self.follow()

    def inspected(self, epc: str, grade: str, *, sealed: bool = False) -> None:
        seen = {"grade": grade, "sealed": sealed, "defects": ["D-1"], "package": "torn", "photo": "https://p.example/1"}
        self.steps(epc, ("inspect", "inspector", seen), ("inspect_again", "inspector2", seen))

    def told(self, ref: str) -> list[Any]:
        rows = self.service.sql(
            "select body from deliveries where topic = 'return' and body ->> 'case' = %(ref)s order by queued_at",
            {"ref": ref},
        )
        return [row["body"] for row in rows]

    def tasks(self, ref: str) -> list[tuple[str, str]]:
        sql = "select kind, role from tasks where case_ref = %(ref)s and state = 'open' order by kind"
        return [(row["kind"], row["role"]) for row in self.service.sql(sql, {"ref": ref})]


@pytest.fixture
def people(house: Any, helpers: Any) -> House:
    return House(house, helpers)


def test_an_announced_return_is_recognised_inspected_restocked_refunded_and_archived(people: House) -> None:
    epc = people.shipped()
    ref = people.announced(epc)
    refused = [people.does(ref, "refund"), people.decides(ref, "restock"), people.does(ref, "close", note="x")]
    assert [answer.status_code for answer in refused] == [409] * 3
    people.passes(epc, "in")
    assert (people.case(ref)["state"], people.case(ref)["lines"][0]["state"]) == ("received", "returned")
    assert people.does(ref, "refund").status_code == 409, "not before its inspections"
    assert "inspections are not done" in people.decides(ref, "restock").text
    people.steps(epc, ("inspect", "inspector", {"grade": "A", "sealed": False}))
    assert people.decides(ref, "restock").status_code == 409, "it was opened: one inspection is not enough"
    people.steps(epc, ("inspect_again", "inspector2", {"grade": "A", "sealed": True}))
    assert "grade A leads to" in people.decides(ref, "scrap").text
    assert people.decides(ref, "restock", who="operator").status_code == 403
    decided = people.decides(ref, "restock").json()
    assert (decided["state"], decided["lines"][0]["grade"], decided["lines"][0]["outcome"]) == (
        "decided",
        "A",
        "restock",
    )
    assert people.tasks(ref) == [("follow_up", "manager"), ("put_away", "operator")]
    assert [step["actor"].split("-")[0] for step in decided["inspections"]] == ["token:inspector", "token:inspector/s1"]
    assert people.does(ref, "refund").status_code == 200 and people.does(ref, "refund").status_code == 409
    refund = people.told(ref)[-1]
    assert (refund["event"], refund["order"], refund["freight_payer"]) == ("refund", "O-1", "customer")
    assert [(line["epc"], line["grade"]) for line in refund["lines"]] == [(epc, "A")]
    people.steps(epc, ("restock", "operator", {}))
    assert people.case(ref)["lines"][0]["done_at"] is not None and people.tasks(ref) == [("follow_up", "manager")]
    closed = people.does(ref, "close", note="paid on Monday").json()
    assert closed["state"] == "closed" and people.tasks(ref) == []
    assert [news["event"] for news in closed["news"]] == ["applied", "received", "outcome", "refund", "closed"]
    audited = people.service.sql(
        "select action from audit where subject = %(s)s order by audit_id", {"s": f"return/{ref}"}
    )
    assert [row["action"] for row in audited] == ["return.applied", "return.outcome", "return.refund", "return.closed"]
    archived = people.client("viewer").get("/api/v1/returns", params={"archived": True}).json()["items"]
    assert ref in {case["case_ref"] for case in archived}


def test_what_nobody_announced_is_on_hold_until_somebody_applies_or_sets_it_aside(people: House) -> None:
    first, second = people.shipped(), people.shipped()
    people.passes(first, "in")
    people.passes(second, "in")
    held = people.of(first)
    assert (held["state"], held["reason"], held["findings"][0]["rule"]) == ("on_hold", "unannounced", "no_application")
    (task,) = people.service.sql("select why from tasks where case_ref = %(case_ref)s", held)
    assert task["why"] == "nobody applied for it; put it into RETURNS"
    people.inspected(first, "B")
    assert people.decides(held["case_ref"], "repack").status_code == 409, "not before it is accepted"
    ref = people.apply(first).json()["case_ref"]
    assert people.case(ref)["state"] == "received" and people.case(held["case_ref"])["state"] == "cancelled"
    assert people.decides(ref, "repack").status_code == 200 and people.tasks(held["case_ref"]) == []
    other = people.of(second)["case_ref"]
    assert people.does(other, "accept", "operator", reason="x").status_code == 403
    assert people.does(other, "accept", reason="a good customer").json()["state"] == "received"
    assert people.case(other)["overruled"] == ["no_application"] and people.tasks(other) == []


LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"order": None}, "detail_missing"),
        ({"bought_at": LONG_AGO}, "past_deadline"),
        ({"reason": "misused"}, "own_fault"),
        ({"kind": "repair", "reason": "defective", "bought_at": LONG_AGO}, "past_deadline"),
    ],
    ids=["no-order", "bought-long-ago", "misused", "warranty-over"],
)
def test_the_terms_decline_when_applied_for_and_again_at_the_door(people: House, told: Any, rule: str) -> None:
    epc = people.shipped()
    answer = people.apply(epc, **told).json()
    assert (answer["state"], [finding["rule"] for finding in answer["findings"]]) == ("declined", [rule])
    people.passes(epc, "in")
    case = people.case(answer["case_ref"])
    assert case["state"] == "on_hold" and {finding["rule"] for finding in case["findings"]} == {rule, "declined"}
    assert people.tasks(case["case_ref"]) == [("exception", "manager")]
    assert people.decides(case["case_ref"], "back_to_customer").status_code == 200, "what is refused goes back"
    assert people.does(case["case_ref"], "refund").status_code == 409


def test_what_comes_too_late_is_held_unless_a_manager_accepted_it(people: House) -> None:
    late, accepted = people.shipped(), people.shipped()
    refs = [people.announced(epc) for epc in (late, accepted)]
    assert people.does(refs[1], "accept", reason="x").status_code == 409, "nothing stands against it yet"
    people.service.sql(
        "update returns set applied_at = now() - interval '20 days' where case_ref = any (%(refs)s)", {"refs": refs}
    )
    people.service.sql("update returns set overruled = '{past_deadline}' where case_ref = %(ref)s", {"ref": refs[1]})
    for epc in (late, accepted):
        people.passes(epc, "in")
    assert [people.case(ref)["state"] for ref in refs] == ["on_hold", "received"]
    assert people.case(refs[0])["findings"][0]["rule"] == "past_deadline"


def test_goods_told_by_their_sku_are_recognised_where_only_one_case_waits_for_them(people: House) -> None:
    ref = people.announced(items=[{"sku": "RARE", "quantity": 2}])
    epcs = [people.shipped("RARE") for _ in range(3)]
    for epc in epcs:
        people.passes(epc, "in")
    lines = people.case(ref)["lines"]
    assert [(line["epc"], line["quantity"]) for line in lines] == [(epcs[0], 1), (epcs[1], 1)]
    assert people.of(epcs[2])["reason"] == "unannounced"


def test_undelivered_goods_are_shipped_again_before_they_are_back_and_not_refunded_too(people: House) -> None:
    epc = people.shipped()
    ref = people.announced(epc, kind="undelivered", reason="not_delivered", carrier="SF", tracking="1")
    assert people.case(ref)["freight_payer"] == "carrier"
    assert people.does(ref, "reship", order="O-2").json()["reshipped_order"] == "O-2"
    assert people.does(ref, "reship", order="O-3").status_code == 409
    assert people.told(ref)[-1]["new_order"] == "O-2"
    claim = {"claim_state": "open", "claim_ref": "C-9"}
    assert people.does(ref, "facts", **claim).json()["claim_ref"] == "C-9"
    people.passes(epc, "in")
    assert people.does(ref, "reship", order="O-4").status_code == 409
    people.steps(epc, ("inspect", "inspector", {"grade": "A", "sealed": True}), ("accept", "inspector", {}))
    assert people.decides(ref, "restock").json()["state"] == "decided", "one inspection: sealed, grade A"
    assert "got something already" in people.does(ref, "refund").text


def test_a_claim_is_made_only_on_a_carrier_that_is_liable(people: House) -> None:
    ref = people.announced(people.shipped())
    patch = lambda **body: people.does(ref, "facts", **body)  # noqa: E731
    assert patch(claim_state="open").status_code == 409
    assert patch(liability="carrier", claim_state="open").json()["freight_payer"] == "carrier"


@pytest.mark.parametrize(
    ("reason", "status"), [("defective", 200), ("changed_mind", 409)], ids=["by-its-maker", "by-the-customer"]
)
def test_what_is_faulty_is_refunded_only_where_somebody_else_is_liable(people: House, reason: str, status: int) -> None:
    epc = people.shipped()
    ref = people.announced(epc, reason=reason)
    people.passes(epc, "in")
    people.inspected(epc, "C")
    decided = people.decides(ref, "scrap").json()
    assert decided["lines"][0]["state"] == "scrap_proposed" and people.does(ref, "refund").status_code == status
    assert people.client("manager").post(
        f"/api/v1/items/{epc}/life/steps", json={"transition": "approve_scrap"}
    ).status_code == 201  # fmt: skip
    people.follow()
    assert people.case(ref)["lines"][0]["done_at"] is not None


def test_a_repair_opens_a_work_order_and_is_decided_again_after_it(people: House) -> None:
    epc = people.shipped()
    ref = people.announced(epc, kind="repair", reason="defective")
    people.passes(epc, "in")
    people.inspected(epc, "C")
    assert people.decides(ref, "repair").json()["lines"][0]["state"] == "in_repair"
    people.steps(epc, ("finish_repair", "technician", {}))
    assert "inspections are not done" in people.decides(ref, "back_to_customer").text
    people.inspected(epc, "B")
    assert people.decides(ref, "back_to_customer").status_code == 200
    people.passes(epc, "out")
    assert people.case(ref)["lines"][0]["done_at"] is not None


@pytest.mark.parametrize("event", ["refund", "exchange"])
def test_nothing_is_told_to_a_customer_before_everything_that_came_is_decided(people: House, event: str) -> None:
    sound, open_ = people.shipped(), people.shipped()
    ref = people.announced(sound, open_)
    for epc in (sound, open_):
        people.passes(epc, "in")
    people.inspected(sound, "A", sealed=True)
    assert people.decides(ref, "restock").status_code == 200
    told = {"order": "O-9"} if event == "exchange" else {}
    refused = people.does(ref, event, **told)
    assert refused.status_code == 409 and "everything that came" in refused.text
    assert event not in {body["event"] for body in people.told(ref)}
    people.inspected(open_, "B")
    assert people.does(ref, event, **told).status_code == 409, "inspected is not decided"
    assert people.decides(ref, "repack", line=2).status_code == 200
    assert people.does(ref, event, **told).status_code == 200
    (said,) = [body for body in people.told(ref) if body["event"] == event]
    assert [line["epc"] for line in said["lines"]] == [sound, open_]


def test_an_exchange_is_told_after_the_inspection_and_the_goods_go_their_own_way(people: House) -> None:
    epc = people.shipped()
    ref = people.announced(epc, kind="exchange", reason="wrong_item")
    assert people.does(ref, "exchange", order="O-8").status_code == 409
    people.passes(epc, "in")
    people.inspected(epc, "B")
    assert people.decides(ref, "exchange").status_code == 200
    assert ("pack", "operator") in people.tasks(ref)
    assert people.does(ref, "exchange", order="O-8").status_code == 200
    assert (people.told(ref)[-1]["event"], people.told(ref)[-1]["new_order"]) == ("exchange", "O-8")
    assert people.does(ref, "close", note="").status_code == 200
    assert people.tasks(ref) == [("pack", "operator")], "the goods are still to be packed"
    people.steps(epc, ("repack", "operator", {}))
    about = people.service.sql("select kind from tasks where epc = %(epc)s and state = 'open'", {"epc": epc})
    assert [row["kind"] for row in about] == ["pack"], "one packing, and nobody is asked to decide any more"
    people.steps(epc, ("restock_repacked", "operator", {}))
    assert people.case(ref)["lines"][0]["done_at"] is not None
    assert people.service.sql("select from tasks where epc = %(epc)s and state = 'open'", {"epc": epc}) == []


@pytest.mark.parametrize(
    ("told", "status", "says"),
    [
        ({"items": []}, 422, "items"),
        ({"items": [{}]}, 422, "epc or a sku"),
        ({"reason": "because"}, 422, "changed_mind"),
        ({"reason": "unannounced"}, 422, "nobody applied for"),
        ({"site": "nowhere"}, 404, "nowhere"),
        ({"customer": "Mei Lin"}, 422, "customer"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_application_is_checked_whole(people: House, told: Any, status: int, says: str) -> None:
    answer = people.apply(people.shipped(), **told)
    assert answer.status_code == status and says in answer.text


def test_an_item_is_in_one_case_at_a_time_and_cases_are_of_their_sites(people: House) -> None:
    epc = people.shipped()
    ref = people.announced(epc)
    assert ref in people.apply(epc).text and people.apply(epc).status_code == 409
    assert people.service.as_("viewer", "s2").get(f"/api/v1/returns/{ref}").status_code == 404
    assert people.service.as_("manager", "s2").post(f"/api/v1/returns/{ref}/refund").status_code == 404
    assert people.does(ref, "cancel", "integrator", reason="kept it").json()["state"] == "cancelled"
    assert people.apply(epc).status_code == 201


def test_reasons_are_counted_as_a_pareto(people: House) -> None:
    for reason in ("late", "late", "bad_package"):
        people.announced(people.shipped(), reason=reason)
    rows = people.client("viewer").get("/api/v1/return-reasons", params={"site": SITE}).json()["items"]
    cases = [row["cases"] for row in rows]
    assert cases == sorted(cases, reverse=True) and sum(row["share"] for row in rows) == pytest.approx(1)
    assert rows[-1]["cumulative_share"] == pytest.approx(1)
    assert {row["reason"]: row["cases"] for row in rows}["late"] == 2
    assert people.client("viewer").get("/api/v1/return-reasons", params={"site": "s9"}).json() == {
        "cases": 0,
        "items": [],
    }


def test_a_site_has_terms_of_its_own_before_the_house_s(people: House) -> None:
    terms = people.client("viewer").get("/api/v1/return-terms").json()["house"]
    own = {name: value for name, value in terms.items() if not name.startswith("updated")}
    put = lambda who, **more: who.put("/api/v1/return-terms", json={**own, **more})  # noqa: E731
    manager = people.client("manager2")
    assert put(manager).status_code == 403 and put(manager, site="s2").status_code == 403
    assert put(people.client("manager"), site="nowhere").status_code == 404
    assert put(people.client("manager"), site="s2", needs=["photo"]).status_code == 200
    answer = people.apply(people.shipped(), site="s2").json()
    assert [finding["text"] for finding in answer["findings"]] == ["photo: the terms ask for it"]
