"""Items that have a life and go from site to site: they arrive as what they were, told as received, not as returned."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from tagdock_cloud.epcis.shape import faults_of_event
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.life.following import follow_doors, follow_registered, rebuild
from tagdock_cloud.returns.arriving import follow_lives
from tagdock_cloud.shipping.duties import ask_overdue
from tagdock_cloud.store import pool

SITES = ("ta", "tb", "tc")
NUMBERS = count(1)


@pytest.fixture(scope="module")
def house(service: Any) -> Any:
    admin = service.as_("admin")
    for site in SITES:
        bins = [{"id": "B1", "x_m": 1.0, "y_m": 1.0, "skus": ["K1"]}]
        layout = {"v": 1, "name": site, "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}], "bins": bins}
        assert admin.put(f"/api/v1/sites/{site}/layout", json=layout).status_code == 200
    service.sql("insert into gateways (site, gateway) select unnest(%s::text[]), 'gw-1'", [list(SITES)])
    return service


class Sites:
    """Three sites, what people do at them, and what their doors see. All goods are of one SKU."""

    def __init__(self, service: Any, helpers: Any) -> None:
        self.service, self.helpers = service, helpers
        self.clock = datetime.now(UTC) - timedelta(hours=20)

    def item(self, *steps: tuple[str, str, dict[str, Any]]) -> str:
        """Return an item at the first site that has a life."""
        epc = f"urn:epc:id:sgtin:9521234.000088.{next(NUMBERS)}"
        there = {"epc": epc, "sku": "K1", "quantity": 1, "site": SITES[0], "bin": "B1"}
        assert self.service.as_("admin").put("/api/v1/items", json={"items": [there]}).status_code == 200
        long_ago = {"epc": epc, "at": self.clock - timedelta(days=2)}
        self.service.sql("update items set registered_at = %(at)s, since = %(at)s where epc = %(epc)s", long_ago)
        if steps:
            self.does(epc, *steps)
        return epc

    def does(self, epc: str, *steps: tuple[str, str, dict[str, Any]]) -> None:
        for transition, who, told in steps:
            role, at = (who[:-1], SITES) if who.endswith("2") else (who, ())
            body = {"transition": transition, **told}
            answer = self.service.as_(role, *at).post(f"/api/v1/items/{epc}/life/steps", json=body)
            assert answer.status_code == 201, (transition, answer.text)

    def life(self, epc: str) -> Any:
        return self.service.as_("viewer").get(f"/api/v1/items/{epc}/life").json()

    def posts(self, role: str, path: str, body: Any = None) -> Any:
        return self.service.as_(role).post(f"/api/v1/{path}", json=body if body is not None else {})

    def planned(self, goal: str = SITES[1]) -> str:
        name = f"T-{next(NUMBERS)}"
        lines = [{"sku": "K1", "quantity": 1}]
        body = {"id": name, "start_site": SITES[0], "goal_site": goal, "lines": lines}
        answer = self.posts("manager", "transfers", body)
        assert answer.status_code == 201, answer.text
        return name

    def passes(self, epc: str, way: str, site: str, order: str | None = None) -> None:
        """Let a door see an item, in a session of an order or in none. Each time is later than all before."""
        at = datetime.now(UTC)
        session = None
        if order is not None:
            kind = "outbound" if way == "out" else "inbound"
            opened = self.posts("operator", "sessions", {"site": site, "door": "D1", "kind": kind, "order": order})
            assert opened.status_code == 201, opened.text
            session, at = opened.json()["session_id"], datetime.now(UTC)
        passed = self.helpers.movement(at, epc, site=site, direction=way, sku="K1")
        self.helpers.add_movements(self.service, [passed])
        if session is not None:
            assert self.posts("operator", f"sessions/{session}/close").status_code == 200
        self.follow()

    def seen(self, epc: str, site: str) -> None:
        """Let a shelf's antenna see an item in a bin."""
        at = datetime.now(UTC)
        lies = self.helpers.movement(at, epc, site=site, direction="in", sku="K1", door=None, bin="B1")
        self.helpers.add_movements(self.service, [lies])
        self.follow()

    def contradiction(self, epc: str) -> Any:
        (said,) = [step for step in self.life(epc)["steps"] if step["kind"] == "contradicted"]
        return said

    def settle(self, epc: str, stands: str) -> Any:
        path = f"items/{epc}/life/contradictions/{self.contradiction(epc)['step_id']}/settle"
        settled = self.posts("manager", path, {"stands": stands, "reason": "looked at it"})
        assert settled.status_code == 200, settled.text
        return self.life(epc)

    def follow(self) -> None:
        self.service.sql("update follow_marks set stored_at = now() + interval '1 hour' where follower = 'sessions'")
        for duty in (follow_doors, follow_lives, tell):
            with pool.connect(self.service.database) as connection:
                duty(connection)

    def events(self, epc: str) -> list[Any]:
        asked = {"MATCH_epc": epc, "perPage": 100, "orderDirection": "ASC"}
        answer = self.service.as_("viewer").get("/epcis/v2/events", params=asked).json()
        return list(answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"])

    def tasks(self, epc: str) -> list[str]:
        rows = self.service.sql("select kind from tasks where epc = %s and state = 'open' order by kind", [epc])
        return [row["kind"] for row in rows]

    def for_sale(self, site: str) -> int:
        rows = self.service.sql("select sum(items) as n from sellable_stock_v1 where site = %s", [site])
        return int(rows[0]["n"] or 0)

    def cases(self, epc: str) -> list[Any]:
        return list(self.service.as_("viewer").get("/api/v1/returns", params={"epc": epc}).json()["items"])


@pytest.fixture
def sites(house: Any, helpers: Any) -> Sites:
    return Sites(house, helpers)


HELD = (("hold", "inspector", {"reason": "recall"}), ("release", "manager", {}))
C = {"grade": "C", "sealed": False}
FOUND = (("unpack", "operator", {}), ("inspect", "inspector", C), ("inspect_again", "inspector2", C))


def came_back(sites: Sites) -> str:
    """Return an item that a customer gave back and that was found faulty."""
    epc = sites.item()
    sites.passes(epc, "out", SITES[0])
    sites.passes(epc, "in", SITES[0])
    sites.does(epc, *FOUND)
    return epc


def test_an_item_for_sale_is_for_sale_where_a_transfer_brings_it(sites: Sites) -> None:
    epc = sites.item(*HELD)
    name, before = sites.planned(), sites.for_sale(SITES[1])
    sites.passes(epc, "out", SITES[0], name)
    assert (sites.life(epc)["life"]["state"], sites.life(epc)["life"]["disposition"]) == ("shipped", "in_transit")
    refused = sites.posts("manager", f"transfers/{name}/cancel")
    assert refused.status_code == 409 and "has to arrive" in refused.text
    sites.passes(epc, "in", SITES[1], name)
    life = sites.life(epc)
    assert (life["life"]["state"], life["life"]["site"], life["life"]["is_sellable"]) == ("stored", SITES[1], True)
    assert [step["kind"] for step in life["steps"]][-2:] == ["taken", "arrived"]
    assert life["steps"][-1]["findings"] == {"transfer": name}
    assert (sites.cases(epc), sites.tasks(epc)) == ([], [])
    assert sites.for_sale(SITES[1]) == before + 1
    stays = sites.service.sql("select site, state from life_stays_v1 where epc = %s order by since", [epc])
    assert [(row["site"], row["state"]) for row in stays][-2:] == [(SITES[0], "shipped"), (SITES[1], "stored")]
    sites.does(epc, ("pick", "operator", {}))
    assert sites.life(epc)["life"]["site"] == SITES[1]


@pytest.mark.parametrize("has_life", [True, False], ids=["with-a-life", "without"])
def test_a_transfer_is_told_as_shipping_then_receiving_and_a_return_as_returned(sites: Sites, has_life: bool) -> None:
    epc = sites.item(*(HELD if has_life else ()))
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    sites.passes(epc, "in", SITES[1], name)
    events = [event for event in sites.events(epc) if "tagdock:transition" not in event]
    assert [fault for event in events for fault in faults_of_event("event", event)] == []
    assert [(event["bizStep"], event["disposition"]) for event in events] == [
        ("shipping", "in_transit"),
        ("receiving", "in_progress"),
    ]
    assert [paper["type"] for event in events for paper in event["bizTransactionList"]] == ["po", "desadv"]
    sites.passes(epc, "out", SITES[1])
    sites.passes(epc, "in", SITES[1])
    assert [event["disposition"] for event in sites.events(epc)][-1] == "returned"


def test_what_comes_in_at_a_third_site_is_an_exception_until_it_arrives_or_somebody_settles_it(sites: Sites) -> None:
    epc, bare = sites.item(*HELD), sites.item()
    for one in (epc, bare):
        name = sites.planned()
        sites.passes(one, "out", SITES[0], name)
        sites.passes(one, "in", SITES[2])
        life = sites.life(one)
        (said,) = [step for step in life["steps"] if step["kind"] == "contradicted"]
        assert said["reason"] == f"it left for tb by the transfer {name} and came in at tc"
        assert (life["life"]["contradictions"], life["life"]["is_sellable"]) == (1, False)
        assert sites.tasks(one) == ["exception"] and sites.cases(one) == []
    path = f"items/{bare}/life/contradictions/{said['step_id']}/settle"
    settled = sites.posts("manager", path, {"stands": "passage", "reason": "it was unloaded here"})
    assert settled.status_code == 200, settled.text
    assert sites.life(bare)["life"]["state"] == "returned", "nobody looked at it on its way"
    sites.passes(epc, "in", SITES[1], None)
    assert (sites.life(epc)["life"]["state"], sites.life(epc)["life"]["is_sellable"]) == ("stored", False)


@pytest.mark.parametrize("where", [SITES[0], SITES[1]], ids=["turned-round", "arrived-all-the-same"])
def test_what_is_on_its_way_when_its_papers_are_called_off_keeps_its_state(sites: Sites, where: str) -> None:
    epc = sites.item(*HELD)
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    for site, papers in ((SITES[0], "orders"), (SITES[1], "notices")):
        called_off = sites.posts("integrator", f"sites/{site}/{papers}/{name}/cancel")
        assert called_off.status_code == 200, called_off.text
    sites.passes(epc, "in", where)
    life = sites.life(epc)["life"]
    assert (life["state"], life["site"], life["is_sellable"]) == ("stored", where, True)
    assert (sites.cases(epc), sites.tasks(epc)) == ([], [])


def applied(sites: Sites, epc: str) -> str:
    body = {"site": SITES[1], "kind": "self_return", "reason": "changed_mind", "order": "O-1", "items": [{"epc": epc}]}
    answer = sites.posts("integrator", "returns", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_ref"])


def test_of_a_transfer_and_an_announced_return_the_way_it_left_decides(sites: Sites) -> None:
    sent, sold = sites.item(*HELD), sites.item(*HELD)
    cases = {epc: applied(sites, epc) for epc in (sent, sold)}
    name = sites.planned()
    sites.passes(sent, "out", SITES[0], name)
    sites.passes(sold, "out", SITES[0])
    sites.passes(sent, "in", SITES[1], name)
    assert sites.life(sent)["life"]["state"] == "stored"
    assert [case["state"] for case in sites.cases(sent)] == ["announced"], "it was never with the customer"
    sites.passes(sold, "in", SITES[1], name)
    assert sites.life(sold)["life"]["state"] == "returned", "whatever session it came in by"
    (case,) = sites.cases(sold)
    assert (case["case_ref"], case["state"]) == (cases[sold], "received")
    sites.passes(sent, "out", SITES[1])
    sites.passes(sent, "in", SITES[1])
    (case,) = sites.cases(sent)
    assert (case["case_ref"], case["state"]) == (cases[sent], "received"), "now it came back"


def test_goods_of_a_case_are_sent_to_another_site_and_the_case_waits_for_them(sites: Sites) -> None:
    epc = came_back(sites)
    (case,) = sites.cases(epc)
    before = sites.life(epc)["life"]
    spare = sites.item()  # stock that the transfer promises
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    told = sites.service.sql("select event from return_news where case_ref = %s", [case["case_ref"]])
    assert "left" not in {row["event"] for row in told}
    sites.passes(epc, "in", SITES[1], name)
    after = sites.life(epc)["life"]
    kept = ("state", "condition", "grade", "disposition", "is_sellable")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (before["state"], before["condition"], before["grade"]) == ("graded", "faulty", "C")
    assert [one["state"] for one in sites.cases(epc)] == [case["state"]] and sites.life(spare)["life"] is None
    refused = sites.posts("operator", f"items/{epc}/life/steps", {"transition": "restock"})
    assert refused.status_code == 409, "two inspections found it faulty: that goes with it"
    sites.does(epc, ("repair", "manager", {"case": "W-1"}))


def test_late_news_of_the_departure_make_an_arrival_of_what_contradicted(sites: Sites) -> None:
    sites.item()  # for whoever plans next: sessions are not followed here, so that this transfer goes on promising one
    epc = sites.item(*HELD)
    name = sites.planned()
    opened = sites.posts("operator", "sessions", {"site": SITES[0], "door": "D1", "kind": "outbound", "order": name})
    left_at = datetime.now(UTC)
    sites.posts("operator", f"sessions/{opened.json()['session_id']}/close")
    sites.passes(epc, "in", SITES[1])
    assert sites.life(epc)["life"]["contradictions"] == 1
    late = sites.helpers.movement(left_at, epc, site=SITES[0], direction="out", sku="K1")
    sites.helpers.add_movements(sites.service, [late])
    sites.follow()
    life = sites.life(epc)
    assert [step["kind"] for step in life["steps"]][-1] == "withdrawn"
    assert (life["life"]["state"], life["life"]["site"], life["life"]["contradictions"]) == ("stored", SITES[1], 0)


def test_lives_that_were_transferred_are_worked_out_again_the_same(sites: Sites) -> None:
    for goal in SITES[1:]:
        epc = sites.item(*HELD)
        name = sites.planned(SITES[1])
        sites.passes(epc, "out", SITES[0], name)
        sites.passes(epc, "in", goal)
    standing = "select * from lives where state <> '' order by epc"
    before = sites.service.sql(standing)
    assert [row["contradictions"] for row in before if row["epc"] == epc] == [1]
    assert "arrived" in {row["kind"] for row in sites.service.sql("select distinct kind from life_steps")}
    rebuild(sites.service.database, lambda _: None)
    assert sites.service.sql(standing) == before


@pytest.mark.parametrize("has_life", [True, False], ids=["with-a-life", "without"])
def test_what_a_door_missed_and_a_bin_saw_contradicts_until_somebody_takes_it_in(sites: Sites, has_life: bool) -> None:
    epc = sites.item(*(HELD if has_life else ()))
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    before = sites.for_sale(SITES[1])
    sites.seen(epc, SITES[1])
    said = sites.contradiction(epc)
    assert said["reason"] == f"it left by the transfer {name} and was seen in bin B1, and no door saw it come in"
    assert (said["site"], said["actor"], said["way"]) == (SITES[1], "bin:B1", "in")
    life = sites.life(epc)["life"]
    assert (life["state"], life["contradictions"], life["is_sellable"]) == ("shipped", 1, False), "nothing is corrected"
    assert (sites.for_sale(SITES[1]), sites.tasks(epc), sites.cases(epc)) == (before, ["exception"], [])
    sites.seen(epc, SITES[1])
    assert sites.life(epc)["life"]["contradictions"] == 1, "seen again it is the same contradiction"
    life = sites.settle(epc, "passage")
    assert (life["life"]["state"], life["life"]["site"], life["life"]["is_sellable"]) == ("stored", SITES[1], True)
    assert [step["kind"] for step in life["steps"]][-2:] == ["arrived", "settled"]
    assert sites.for_sale(SITES[1]) == before + 1 and (sites.tasks(epc), sites.cases(epc)) == ([], [])
    (told,) = [event for event in sites.events(epc) if event["bizStep"] == "receiving"]
    assert (told["disposition"], told["bizTransactionList"][0]["type"]) == ("in_progress", "desadv")
    assert [fault for event in sites.events(epc) for fault in faults_of_event("event", event)] == []
    standing = sites.service.sql("select * from lives where epc = %s", [epc])
    rebuild(sites.service.database, lambda _: None)
    assert sites.service.sql("select * from lives where epc = %s", [epc]) == standing
    sites.seen(epc, SITES[1])
    assert sites.life(epc)["life"]["contradictions"] == 0, "it is there now"


def test_what_a_customer_gave_back_past_the_door_is_not_for_sale_and_is_inspected(sites: Sites) -> None:
    epc = sites.item()
    sites.passes(epc, "out", SITES[0])
    before = sites.for_sale(SITES[0])
    sites.seen(epc, SITES[0])
    assert sites.contradiction(epc)["reason"] == "it is shipped and was seen in bin B1, and no door saw it come in"
    assert sites.for_sale(SITES[0]) == before, "nobody inspected it"
    life = sites.settle(epc, "passage")
    sites.follow()
    assert (life["life"]["state"], life["life"]["is_sellable"]) == ("returned", False)
    assert [case["state"] for case in sites.cases(epc)] == ["on_hold"], "nobody applied for it"
    assert [(event["bizStep"], event["disposition"]) for event in sites.events(epc)][-1] == ("receiving", "returned")
    refused = sites.posts("operator", f"items/{epc}/life/steps", {"transition": "restock"})
    assert refused.status_code == 409, "nobody inspected it"


def test_a_passage_told_late_explains_what_a_bin_saw(sites: Sites) -> None:
    epc = sites.item(*HELD)
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    came_at = datetime.now(UTC)
    sites.seen(epc, SITES[1])
    late = sites.helpers.movement(came_at, epc, site=SITES[1], direction="in", sku="K1")
    sites.helpers.add_movements(sites.service, [late])
    sites.follow()
    life = sites.life(epc)
    assert [step["kind"] for step in life["steps"]][-2:] == ["arrived", "withdrawn"]
    assert (life["life"]["state"], life["life"]["contradictions"]) == ("stored", 0) and sites.tasks(epc) == []


def test_what_a_person_registers_in_a_bin_while_it_is_away_contradicts_once(sites: Sites) -> None:
    epc = sites.item(*HELD)
    name = sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    there = {"epc": epc, "sku": "K1", "quantity": 1, "site": SITES[1], "bin": "B1"}
    assert sites.service.as_("admin").put("/api/v1/items", json={"items": [there]}).status_code == 200
    for _ in range(2):
        with pool.connect(sites.service.database) as connection:
            follow_registered(connection)
    assert sites.contradiction(epc)["findings"] == {"bin": "B1", "transfer": name}
    assert sites.settle(epc, "record")["life"]["state"] == "shipped"
    with pool.connect(sites.service.database) as connection:
        follow_registered(connection)
    assert sites.life(epc)["life"]["contradictions"] == 0, "what was settled is not asked again"


def test_what_lies_in_a_bin_after_a_door_saw_it_come_contradicts_nothing(sites: Sites) -> None:
    bare, back = sites.item(), sites.item()
    sites.seen(bare, SITES[0])
    assert sites.life(bare)["life"] is None, "no life begins for goods that are put away"
    sites.passes(back, "out", SITES[0])
    sites.passes(back, "in", SITES[0])
    sites.seen(back, SITES[0])
    life = sites.life(back)
    assert (life["life"]["state"], life["life"]["contradictions"]) == ("returned", 0)


def test_what_a_transfer_lacks_is_asked_of_a_manager_once_and_ends_when_it_comes(sites: Sites) -> None:
    epc, name = sites.item(*HELD), sites.planned()
    sites.passes(epc, "out", SITES[0], name)
    inbound = {"site": SITES[1], "door": "D1", "kind": "inbound", "order": name}
    session = sites.posts("operator", "sessions", inbound).json()["session_id"]
    assert sites.posts("operator", f"sessions/{session}/close").status_code == 200
    asked = "select * from tasks where case_ref = %s"

    def look() -> list[Any]:
        with pool.connect(sites.service.database) as connection:
            ask_overdue(connection)
        return list(sites.service.sql(asked, [f"transfer/{name}"]))

    assert look() == [], "the rest may be on a second lorry"
    earlier = (
        "update door_sessions set opened_at = opened_at - interval '2 days', until_at = until_at - interval '2 days'"
    )
    sites.service.sql(f"{earlier} where site = %s and order_id = %s", [SITES[1], name])
    (task,) = look()
    assert (task["site"], task["kind"], task["role"], task["state"]) == (SITES[1], "exception", "manager", "open")
    assert task["why"].startswith(f"0 of 1 units of the transfer {name} from ta have come")
    assert [row["task_id"] for row in look()] == [task["task_id"]], "asked once"
    sites.passes(epc, "in", SITES[1], name)
    assert [row["state"] for row in look()] == ["done"]
