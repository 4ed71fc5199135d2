"""Lives of items over HTTP and behind doors: whole lives, contradictions, tables, and the record of it all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.alerts.duties import LOOKS, look
from tagdock_cloud.epcis.shape import faults_of_event
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.life.following import follow_doors, rebuild
from tagdock_cloud.life.policy import shipped_policy
from tagdock_cloud.store import pool
from tagdock_cloud.store.errors import RowRefusedError

SITE = "s1"
NUMBERS = count(100)
ROLES = ("operator", "inspector", "technician", "manager")
HOUSE = """
    insert into sites (site) values ('s1'), ('s2');
    insert into doors (site, door) values ('s1', 'D1');
    insert into gateways (site, gateway) values ('s1', 'g1');
    insert into skus (sku) values ('X')
"""


@pytest.fixture(scope="module")
def house(service: Any, helpers: Any) -> Any:
    service.sql(HOUSE)
    if not service.sql("select 1 from life_policies"):  # the first step publishes the shipped table, as number 1
        assert Item(service, helpers).does("hold", "manager").status_code == 201
    return service


class Item:
    """An item, and what people and doors do with it. People: a role, and another one of it with 2 behind."""

    def __init__(self, house: Any, helpers: Any, state: str = "sellable_accessible") -> None:
        self.house, self.helpers = house, helpers
        self.epc = f"urn:epc:id:sgtin:9521234.000001.{next(NUMBERS)}"
        self.path = f"/api/v1/items/{self.epc}/life"
        house.sql(
            "insert into items (epc, sku, site, bin, state, since, registered_at)"
            " values (%(epc)s, 'X', 's1', 'A', %(state)s, now() - interval '1 day', now() - interval '1 day')",
            {"epc": self.epc, "state": state},
        )

    def client(self, who: str) -> Any:
        return self.house.as_(who[:-1], SITE) if who.endswith("2") else self.house.as_(who)

    def does(self, transition: str, who: str, **told: Any) -> Any:
        needs = shipped_policy().transition[transition].needs
        told = {**({"grade": "A", "sealed": True} if "grade" in needs else {}), **told}
        told = {**({"reason": "because"} if "reason" in needs else {}), **told}
        return self.client(who).post(f"{self.path}/steps", json={"transition": transition, **told})

    def walks(self, *steps: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> None:
        for transition, who, *told in steps:
            answer = self.does(transition, who, **(told[0] if told else {}))
            assert answer.status_code == 201, (transition, answer.text)

    def whole(self, who: str = "viewer") -> Any:
        return self.client(who).get(self.path).json()

    @property
    def state(self) -> Any:
        return self.whole()["life"]["state"]

    def passes(self, way: str, ago: str = "0 s", event_id: Any = None) -> None:
        """Let a door tell a passage, and lives follow it."""
        ((at,),) = [row.values() for row in self.house.sql(f"select clock_timestamp() - interval '{ago}' as at")]
        told = {"site": SITE, "observed_at": at, "event_id": event_id or uuid4(), "gateway": "g1", "epc": self.epc}
        told |= {"door": "D1", "direction": way, "confidence": 1, "evidence": {}}
        self.helpers.add_movements(self.house, [told])
        self.house.sql(
            "update items set door = 'D1', bin = null, since = %(at)s, state = %(state)s where epc = %(epc)s",
            {"epc": self.epc, "at": at, "state": "in_transit" if way == "out" else "returned"},
        )
        follow(self.house)


def follow(house: Any) -> None:
    with pool.connect(house.database) as connection:
        follow_doors(connection)


@pytest.fixture
def item(house: Any, helpers: Any) -> Callable[..., Item]:
    return lambda *state: Item(house, helpers, *state)


C = {"grade": "C", "sealed": False, "defects": ["D-SCR"], "package": "torn", "photo": "https://photos.example/1.jpg"}
B = {"grade": "B", "sealed": False}
FAULTY = [("unpack", "operator"), ("inspect", "inspector", C), ("inspect_again", "inspector2", C)]


def sellable(house: Any) -> int:
    return int(house.sql("select coalesce(sum(items), 0) as n from sellable_stock_v1 where sku = 'X'")[0]["n"])


def test_a_whole_life_is_lived_told_and_worked_out_again(house: Any, item: Any) -> None:
    one = item()
    there = sellable(house)
    one.passes("in", "4 h")
    one.passes("out", "3 h")
    one.passes("in", "2 h")
    assert one.state == "returned" and sellable(house) == there - 1
    assert [(task["kind"], task["role"]) for task in one.whole()["tasks"]] == [("inspect", "inspector")]
    one.walks(*FAULTY, ("repair", "manager", {"case": "W-1"}), ("finish_repair", "technician"))
    assert (one.whole()["life"]["condition"], one.whole()["life"]["work_orders_open"]) == ("repaired", 0)
    one.walks(("inspect", "inspector2", B), ("inspect_again", "inspector", B), ("repack", "operator"))
    assert sellable(house) == there - 1
    one.walks(("restock_repacked", "operator"))
    assert one.whole()["life"]["is_sellable"] and sellable(house) == there
    one.passes("out")
    assert one.state == "shipped"
    one.passes("in")
    one.walks(*FAULTY, ("propose_scrap", "manager"), ("approve_scrap", "manager2"))
    assert (one.state, one.whole()["life"]["disposition"], one.whole()["next"]) == ("scrapped", "destroyed", [])
    assert sellable(house) == there - 1
    with pool.connect(house.database) as connection:
        tell(connection)
    found = house.as_("viewer").get(
        "/epcis/v2/events", params={"MATCH_epc": one.epc, "perPage": 100, "orderDirection": "ASC"}
    )
    events = found.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [fault for event in events for fault in faults_of_event("event", event)] == []
    doors = [(event["bizStep"], event["disposition"]) for event in events if "tagdock:transition" not in event]
    assert doors == [
        ("receiving", "in_progress"), ("shipping", "in_transit"), ("receiving", "returned"), ("shipping", "in_transit"),
        ("receiving", "returned"),
    ]  # fmt: skip
    told = [(event["bizStep"], event["disposition"]) for event in events if "tagdock:transition" in event]
    assert told == [
        ("unpacking", "returned"), ("inspecting", "returned"), ("inspecting", "unavailable"),
        ("repairing", "needs_replacement"), ("repairing", "unavailable"), ("inspecting", "returned"),
        ("inspecting", "unavailable"), ("repackaging", "in_progress"), ("stocking", "sellable_accessible"),
        ("unpacking", "returned"), ("inspecting", "returned"), ("inspecting", "unavailable"),
        ("inspecting", "non_conformant"), ("destroying", "destroyed"),
    ]  # fmt: skip
    (repair,) = [event for event in events if event.get("tagdock:transition") == "repair"]
    assert repair["bizTransactionList"][0]["type"] == "rma" and "W-1" in str(repair["bizTransactionList"])
    assert [event["action"] for event in events if event.get("disposition") == "destroyed"] == ["DELETE"]
    steps = one.whole()["steps"]
    assert steps[-1]["actor"].startswith("token:manager") and {step["policy_id"] for step in steps} == {1}
    assert next(step for step in steps if step["transition"] == "inspect")["findings"] == C


def test_what_the_table_forbids_is_refused_over_http_and_changes_nothing(house: Any, item: Any) -> None:
    """Every transition by one role that may not take it from here; test_life.py tries all in every life."""
    one = item("returned")
    one.walks(*FAULTY)
    before, tried = one.whole(), 0
    for number, (name, each) in enumerate(shipped_policy().transition.items()):
        role = ROLES[number % len(ROLES)]
        if "graded" in each.from_ and role in each.by and (each.grades is None or "C" in each.grades):
            continue
        answer = one.does(name, role)
        assert answer.status_code in (403, 409), (name, role, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        tried += 1
    assert tried > 15 and one.whole() == before
    for role in ("viewer", "planner", "integrator"):
        assert one.does("repair", role).status_code == 403


def test_what_may_come_next_is_what_is_taken(house: Any, item: Any) -> None:
    one = item("returned")
    one.walks(*FAULTY)
    table = shipped_policy().transition
    for role in ROLES:
        ways = {way["transition"]: way for way in one.whole(role)["next"]}
        assert set(ways) == {name for name, each in table.items() if "graded" in each.from_}
        fits = {name for name in ways if role in table[name].by and "C" in (table[name].grades or "C")}
        assert {name for name, way in ways.items() if way["is_open"]} == fits
        assert all(way["why_not"] for way in ways.values() if not way["is_open"])


@pytest.mark.parametrize(
    ("body", "says", "status"),
    [
        ({"transition": "hold"}, "needs reason", 422),
        ({"transition": "hold", "reason": "x", "state": "picked"}, "somebody was faster", 409),
        ({"transition": "fly"}, "no transition 'fly'", 409),
        ({"transition": "hold", "grade": "D"}, "grade", 422),
        ({"transition": "hold", "photo": "a b"}, "photo", 422),
        ({"transition": "hold", "because": "x"}, "because", 422),
        ({}, "transition", 422),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_step_that_is_not_told_well_is_refused_by_name(
    item: Any, body: dict[str, Any], says: str, status: int
) -> None:
    one = item()
    answer = one.client("manager").post(f"{one.path}/steps", json=body)
    assert answer.status_code == status and says in answer.text, answer.text
    assert one.whole()["life"] is None, "a life does not begin with what was refused"


def test_how_long_an_item_was_in_each_state_is_told(house: Any, item: Any) -> None:
    one = item()
    one.walks(("hold", "manager"), ("release", "manager"))
    one.passes("out", event_id=uuid4())
    stays = house.sql(
        "select state, seconds, until from life_stays_v1 where epc = %(epc)s order by since", {"epc": one.epc}
    )
    assert [row["state"] for row in stays] == ["stored", "held", "stored", "shipped"]
    assert all(row["seconds"] >= 0 for row in stays) and [row["until"] is None for row in stays] == [False] * 3 + [True]


def test_of_two_at_once_one_is_taken(item: Any) -> None:
    one = item()
    one.client("manager"), one.client("inspector")
    with ThreadPoolExecutor(2) as at_once:
        answers = list(at_once.map(lambda who: one.does("hold", who).status_code, ("manager", "inspector")))
    assert sorted(answers) == [201, 409] and [step["kind"] for step in one.whole()["steps"]] == ["begun", "taken"]


def alerts(house: Any, one: Item) -> list[Any]:
    with pool.connect(house.database) as connection:
        look(connection, next(each for each in LOOKS if each.name == "lives"))
    return house.sql(
        "select severity, message from alerts where kind = 'life_contradiction' and originator = %(epc)s"
        " and cleared_at is null",
        {"epc": one.epc},
    )


@pytest.mark.parametrize("stands", ["record", "passage"])
def test_a_contradiction_raises_an_alert_and_a_task_until_a_manager_settles_it(
    house: Any, item: Any, stands: str
) -> None:
    house.sql("update alert_rules set hold_s = 0 where kind = 'life_contradiction'")
    one = item("returned")
    one.walks(*FAULTY, ("repair", "manager"))
    one.passes("out")
    whole = one.whole()
    assert (whole["life"]["state"], whole["life"]["contradictions"]) == ("in_repair", 1)
    assert [task["why"] for task in whole["tasks"] if task["kind"] == "exception"] == [
        "an item that is in repair left through a door"
    ]
    assert [row["message"] for row in alerts(house, one)] == ["X: an item that is in repair left through a door"]
    step_id = next(step["step_id"] for step in whole["steps"] if step["kind"] == "contradicted")
    settle, body = f"{one.path}/contradictions/{step_id}/settle", {"stands": stands, "reason": "I looked"}
    assert house.as_("operator").post(settle, json=body).status_code == 403
    answer = house.as_("manager").post(settle, json=body)
    assert answer.status_code == 200 and house.as_("manager").post(settle, json=body).status_code == 404
    life = answer.json()["life"]
    assert (life["state"], life["contradictions"]) == ("in_repair" if stands == "record" else "shipped", 0)
    assert [task for task in answer.json()["tasks"] if task["kind"] == "exception"] == [] and alerts(house, one) == []
    (line,) = house.sql("select before, after from audit where subject = %(subject)s and action = 'life.settle'",
                        {"subject": f"item/{one.epc}"})  # fmt: skip
    assert (line["before"], line["after"]["stands"]) == ({"state": "in_repair"}, stands)


def test_a_corrected_passage_is_no_step_any_more(house: Any, item: Any) -> None:
    one, event_id = item(), uuid4()
    one.walks(("hold", "manager"), ("release", "manager"))
    one.passes("out", event_id=event_id)
    assert one.state == "shipped"
    answer = house.as_("manager").post(
        f"/api/v1/movements/{event_id}/decision",
        json={"site": SITE, "direction": "pass", "observed_at": one.whole()["steps"][-1]["at"]},
    )
    assert answer.status_code < 300, answer.text
    follow(house)
    assert one.state == "stored" and [step["kind"] for step in one.whole()["steps"]][-1] == "withdrawn"


def test_what_is_missing_is_not_for_sale_until_it_is_found(house: Any, item: Any) -> None:
    one = item()
    there = sellable(house)
    tell = lambda presence: house.as_("operator").post(f"{one.path}/presence", json={"presence": presence})  # noqa: E731
    assert tell("seen").json()["life"] is None, "nobody missed it"
    assert tell("missing").json()["life"]["presence"] == "missing" and sellable(house) == there - 1
    assert tell("missing").status_code == 200 and len(one.whole()["steps"]) == 2
    assert tell("seen").json()["life"]["presence"] == "seen" and sellable(house) == there


def test_lives_are_listed_by_what_they_are(house: Any, item: Any) -> None:
    held, repaired = item(), item("returned")
    held.walks(("hold", "manager"))
    repaired.walks(*FAULTY, ("repair", "manager"))

    def listed(**query: Any) -> set[str]:
        return {row["epc"] for row in house.as_("viewer").get("/api/v1/lives", params=query).json()["items"]}

    both = {held.epc, repaired.epc}
    assert listed(state="held") & both == {held.epc} and listed(disposition="needs_replacement") & both == {
        repaired.epc
    }
    assert listed(sellable=False) >= both and listed(sellable=True) & both == set() and listed(site="s2") == set()
    assert listed(presence="missing") & both == set() and listed(site=SITE) >= both


def test_the_record_gives_the_same_lives_again_and_nobody_changes_it(house: Any, item: Any) -> None:
    one, two = item("returned"), item()
    one.walks(*FAULTY, ("repair", "manager"))
    one.passes("out")
    two.walks(("pick", "operator"))
    two.passes("out", "30 s")
    lives, stock = "select * from lives order by epc", "select * from stock_v1 order by site, sku, state"
    before, counted = house.sql(lives), house.sql(stock)
    assert len(before) >= 2
    assert all(row["items"] >= 0 and row["quantity"] >= 0 for row in counted)
    (there,) = house.sql(
        "select count(*) as n from items where epc not in (select epc from lives where disposition = 'destroyed')"
    )
    assert sum(row["items"] for row in counted) == there["n"], "no item is lost"
    house.sql("update lives set state = 'stored', is_sellable = true, contradictions = 0")
    assert rebuild(house.database, lambda done: None) == len(before)
    assert house.sql(lives) == before and house.sql(stock) == counted
    for change in ("update life_steps set actor = 'x'", "delete from life_steps", "truncate life_steps"):
        with pytest.raises(RowRefusedError, match="only ever added to"), pool.translated():
            house.sql(change)


SOURCE = """version = {version}
author = "QA"
effective_at = 2099-01-01T00:00:00Z
[state.stored]
disposition = "sellable_accessible"
sellable = true
[transition]
"""


def test_a_table_is_published_as_data_with_author_and_date(house: Any) -> None:
    shipped = house.as_("viewer").get("/api/v1/life-tables").json()["items"][0]
    assert (shipped["author"], shipped["site"], shipped["published_by"]) == ("Tagdock", None, "tagdock")
    whole = house.as_("viewer").get(f"/api/v1/life-tables/{shipped['policy_id']}").json()
    assert whole["transitions"]["ship"]["passage"] == "out" and whole["diagram"].startswith("stateDiagram")
    later = whole["source"].replace("version = 1\n", "version = 2\n").replace("2026-01-01T", "2099-01-01T")
    publish = lambda role, **body: house.as_(*role).post("/api/v1/life-tables", json=body)  # noqa: E731
    assert publish(["inspector"], source=later).status_code == 403
    assert publish(["manager", SITE], source=later).status_code == 403, "the house's is for callers of all sites"
    for source, says in [
        (whole["source"], "version: must be above"), (later.replace("2099", "2020"), "must not lie in the past"),
        (SOURCE.format(version=3), "must stay"), (later.replace("picking", "grabbing"), "transition.pick.step"),
    ]:  # fmt: skip
        answer = publish(["manager"], source=source)
        assert answer.status_code == 422 and says in answer.text, answer.text
    done = publish(["manager", SITE], source=later, site=SITE)
    assert done.status_code == 201 and (done.json()["site"], done.json()["version"]) == (SITE, 2)
    elsewhere = house.as_("viewer", "s2").get(f"/api/v1/life-tables/{done.json()['policy_id']}")
    assert elsewhere.status_code == 404
    (line,) = house.sql("select who, after from audit where action = 'life.publish'")
    assert line["after"]["version"] == 2 and "[transition.pick]" in line["after"]["source"]


def test_a_site_s_own_table_counts_from_its_date_on(house: Any, item: Any) -> None:
    """As if it had been published before: a house that lets operators hold."""
    shipped = house.sql("select source from life_policies where policy_id = 1")[0]["source"]
    own = shipped.replace('by = ["inspector", "manager"]\nstep = "holding"', 'by = ["operator"]\nstep = "holding"')
    assert own != shipped
    one = item()
    assert one.does("hold", "operator").status_code == 403
    house.sql(
        "insert into life_policies (site, version, author, effective_at, source, published_by)"
        " values ('s1', 9, 'x', now() - interval '1 s', %(own)s, 'x')",
        {"own": own.replace("2026-01-01", "2026-01-02")},
    )
    try:
        assert one.does("hold", "manager").status_code == 403 and one.does("hold", "operator").status_code == 201
    finally:
        house.sql("update life_policies set site = 's2' where version = 9")
    assert one.state == "held" and one.whole()["steps"][-1]["policy_id"] != 1
