"""Plans over HTTP: asked for with their job, approved into moves, one plan a site."""

import json
import threading
from typing import Any
from uuid import uuid4

import httpx
import pytest

MOVES = [
    {"step": 1, "sku": "S-1", "from": "A-1", "to": "A-2", "saves_m_per_day": 12.5, "why": "nearer to D1"},
    {"step": 2, "sku": "S-2", "from": None, "to": "A-1", "saves_m_per_day": None},
]
PLAN = {
    "v": 1, "status": "optimal", "current_m_per_day": 100.0, "objective_m_per_day": 80.0, "lower_bound_m_per_day": 80.0,
    "assignment": {"S-1": ["A-2"]}, "moves": MOVES, "solver": "assignment", "seconds": 0.2,
}  # fmt: skip


@pytest.fixture
def site(service: Any) -> str:
    name = f"s-{uuid4().hex[:8]}"
    import_layout(service, name, "first")
    return name


def import_layout(service: Any, site: str, name: str) -> None:
    bins = [{"id": "A-1", "x_m": 1, "y_m": 1, "skus": ["S-1"]}, {"id": "A-2", "x_m": 2, "y_m": 1}]
    body = {"v": 1, "name": name, "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
    assert service.as_("admin").put(f"/api/v1/sites/{site}/layout", json=body).status_code == 200


def ask(service: Any, site: str, key: str | None = None, **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return service.as_("planner").post("/api/v1/plans", json={"site": site, **fields}, headers=headers)


def solved(service: Any, site: str, plan: dict[str, Any] = PLAN) -> str:
    """Ask for a plan and finish it as slotting's worker does."""
    plan_id = str(ask(service, site).json()["plan_id"])
    service.sql("select plan_start_v1(%s, '{}')", [plan_id])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(plan)])
    return plan_id


def approve(service: Any, plan_id: str, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return service.as_("planner").post(f"/api/v1/plans/{plan_id}/approve", headers=headers)


def jobs(service: Any, plan_id: str) -> list[dict[str, Any]]:
    return list(
        service.sql(
            "select queue_name, task_name, args, status::text from procrastinate_jobs where args ->> 'plan_id' = %s",
            [plan_id],
        )
    )


def test_a_plan_is_asked_for_together_with_its_job(service: Any, site: str) -> None:
    answer = ask(service, site, represents_days=2.5, at_most=10)
    plan = answer.json()
    assert (answer.status_code, plan["state"]) == (201, "asked")
    assert answer.headers["location"] == f"/api/v1/plans/{plan['plan_id']}"
    assert plan["request"].items() >= {"site": site, "represents_days": 2.5, "at_most": 10}.items()
    assert plan["request"]["since"] < plan["request"]["until"]
    job = {"queue_name": "plans", "task_name": "solve_plan", "args": {"plan_id": plan["plan_id"]}, "status": "todo"}
    assert jobs(service, plan["plan_id"]) == [job]
    assert service.as_("viewer").get(answer.headers["location"]).json() == plan


def test_the_same_request_with_the_same_key_is_one_plan(service: Any, site: str) -> None:
    first, again = ask(service, site, "once"), ask(service, site, "once")
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201,
        first.json(),
        first.headers["location"],
    )
    assert len(service.as_("viewer").get("/api/v1/plans", params={"site": site}).json()["items"]) == 1


def test_the_same_key_at_the_same_time_is_one_plan(service: Any, site: str) -> None:
    answers: list[str] = []

    def send() -> None:
        headers = {"Authorization": f"Bearer {service.tokens['planner']}", "Idempotency-Key": f"race-{site}"}
        answers.append(
            httpx.post(f"{service.url}/api/v1/plans", json={"site": site}, headers=headers).json()["plan_id"]
        )

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1 and len(answers) == 5


def test_a_key_of_another_request_is_refused(service: Any, site: str) -> None:
    ask(service, site, f"k-{site}")
    answer = ask(service, site, f"k-{site}", seed=7)
    assert answer.status_code == 422 and "Idempotency-Key" in answer.json()["detail"]


def test_a_request_that_failed_gives_its_key_back(service: Any, site: str) -> None:
    assert ask(service, "nowhere", "again").status_code == 422
    assert ask(service, site, "again").status_code == 201


def test_a_site_without_layout_has_no_plans(service: Any) -> None:
    service.sql("insert into sites (site) values ('bare') on conflict do nothing")
    for site in ("bare", "nowhere"):
        answer = ask(service, site)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "site")


def test_the_queue_of_a_site_has_a_bound(service: Any, site: str) -> None:
    answers = [ask(service, site).status_code for _ in range(11)]
    assert answers == [201] * 10 + [409]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"at_most": -1}, "at_most"),
        ({"represents_days": 0}, "represents_days"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "body"),
        ({"since": "2026-02-01"}, "since"),
        ({"weights": {"beauty": 1}}, "weights.beauty"),
        ({"weights": {"travel": -1}}, "weights.travel"),
        ({"seed": 2**40}, "seed"),
        ({"hurry": True}, "hurry"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_request_is_refused_by_field(service: Any, site: str, fields: dict[str, Any], field: str) -> None:
    answer = ask(service, site, **fields)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_plan_that_is_done_shows_its_moves_as_proposed(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    plan = service.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()
    assert (plan["state"], plan["status"], plan["moves"], plan["plan"]["moves"]) == ("done", "optimal", 2, MOVES)
    rows = service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"]
    assert [(row["step"], row["state"]) for row in rows] == [(1, "proposed"), (2, "proposed")]
    assert service.sql("select count(*) as n from moves where plan_id = %s", [plan_id]) == [{"n": 0}]


def test_a_plan_for_a_rack_that_does_not_stand_is_not_approved(service: Any, site: str) -> None:
    rack = [{"id": "new-3-0", "aisle": 3, "cell": 0}]
    plan_id = str(ask(service, site, what_if={"add_bins": rack}).json()["plan_id"])
    service.sql("select plan_start_v1(%s, '{}')", [plan_id])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(PLAN)])
    refused = approve(service, plan_id)
    assert (refused.status_code, "do not stand yet" in refused.json()["detail"]) == (409, True)


def test_approving_makes_the_list_and_once_more_changes_nothing(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    first = approve(service, plan_id).json()
    assert first["state"] == "approved" and first["approved_by"].startswith("planner")
    again = approve(service, plan_id)
    assert (again.status_code, again.json()) == (200, first)
    rows = service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"]
    assert rows[0].pop("ready_at") == first["approved_at"]
    assert rows[0] == {
        "step": 1, "sku": "S-1",
        "from_bin": "A-1", "to_bin": "A-2", "saves_m_per_day": 12.5, "why": "nearer to D1", "state": "open",
        "status": "open", "waits_for": [], "decided_at": None, "decided_by": None, "confirmed_at": None, "flag": None,
        "flagged_at": None, "seen_bin": None, "seen_epc": None, "cost_m": None, "chain": None, "chain_moves": None,
        "chain_cost_m": None, "payback_days": None,
    }  # fmt: skip
    assert [row["state"] for row in rows] == ["open", "open"]


def test_a_newer_plan_takes_the_place_of_the_older_one(service: Any, site: str) -> None:
    older, newer = solved(service, site), solved(service, site)
    approve(service, older)
    service.sql("update moves set state = 'done', done_at = now() where plan_id = %s and step = 1", [older])
    assert approve(service, newer).json()["replaced"] == older
    assert service.as_("viewer").get(f"/api/v1/plans/{older}").json()["state"] == "done"
    rows = service.as_("viewer").get(f"/api/v1/plans/{older}/moves").json()["items"]
    assert [(row["step"], row["state"]) for row in rows] == [(1, "done"), (2, "proposed")]
    assert service.sql("select count(*) as n from plans where site = %s and state = 'approved'", [site]) == [{"n": 1}]


def test_two_plans_approved_at_once_leave_one_approved(service: Any, site: str) -> None:
    plans = [solved(service, site) for _ in range(4)]
    headers = {"Authorization": f"Bearer {service.tokens['planner']}"}
    codes: list[int] = []

    def send(plan_id: str) -> None:
        codes.append(httpx.post(f"{service.url}/api/v1/plans/{plan_id}/approve", headers=headers).status_code)

    threads = [threading.Thread(target=send, args=(plan_id,)) for plan_id in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 4
    assert service.sql("select count(*) as n from plans where site = %s and state = 'approved'", [site]) == [{"n": 1}]
    assert service.sql(
        "select count(distinct plan_id) as n from moves join plans using (plan_id) where site = %s", [site]
    ) == [{"n": 1}]


def test_what_cannot_be_approved_says_why(service: Any, site: str) -> None:
    asked = str(ask(service, site).json()["plan_id"])
    failed = str(ask(service, site).json()["plan_id"])
    service.sql("select plan_fail_v1(%s, 'out of memory')", [failed])
    infeasible = solved(service, site, {**PLAN, "status": "infeasible", "moves": []})
    stale = solved(service, site)
    import_layout(service, site, "second")
    for plan_id, word in (
        (asked, "not worked out"),
        (failed, "out of memory"),
        (infeasible, "infeasible"),
        (stale, "anew"),
    ):
        answer = approve(service, plan_id)
        assert answer.status_code == 409 and word in answer.json()["detail"]
    assert approve(service, str(uuid4())).status_code == 404
    assert service.sql("select count(*) as n from moves join plans using (plan_id) where site = %s", [site]) == [
        {"n": 0}
    ]


def test_plans_are_listed_newest_first_in_pages(service: Any, site: str) -> None:
    made = [str(ask(service, site).json()["plan_id"]) for _ in range(5)]
    listed, path = [], f"/api/v1/plans?site={site}&limit=2"
    while path:
        answer = service.as_("viewer").get(path)
        listed += [row["plan_id"] for row in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert listed == made[::-1]


def decide(service: Any, plan_id: str, step: int, verb: str) -> Any:
    return service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/{step}/{verb}")


def kept(service: Any, site: str) -> dict[str, list[str]]:
    rows = service.as_("viewer").get(f"/api/v1/sites/{site}/bins").json()["items"]
    return {row["bin"]: row["skus"] for row in rows if row["skus"]}


def test_moves_say_what_their_chain_costs_and_when_it_has_paid_back(service: Any, site: str) -> None:
    worth = [
        {"chain": 1, "cost_m": 40.0, "payback_days": 3.2},
        {"chain": 1, "cost_m": 20.0, "payback_days": 3.2},
        {"chain": 2, "cost_m": 5.0, "payback_days": None},
    ]
    third = {"step": 3, "sku": "S-3", "from": "A-1", "to": "A-2", "saves_m_per_day": 0.0, "why": "its zone is closed"}
    moves = [{**move, **said} for move, said in zip([*MOVES, third], worth, strict=True)]
    plan_id = solved(service, site, {**PLAN, "moves": moves})
    listed = service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"]
    assert [(m["chain"], m["chain_moves"], m["chain_cost_m"], m["cost_m"], m["payback_days"]) for m in listed] == [
            (1, 2, 60.0, 40.0, 3.2), (1, 2, 60.0, 20.0, 3.2), (2, 1, 5.0, 5.0, None)
        ]  # fmt: skip
    page = service.as_("planner").get(f"/plans/{plan_id}/moves").text
    assert "One of 2 moves that need each other (chain 1). 60 m to do all of them. Earned back in 3.2 days." in page
    assert "5 m to do it. Never earned back: a rule asks for it." in page


def test_a_confirmed_move_changes_what_is_kept_where(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    other = solved(service, site)
    approve(service, plan_id)
    move = service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"][0]
    before = kept(service, site)
    done = decide(service, plan_id, 1, "confirm")
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert done.json()["decided_by"].startswith("planner") and done.json()["decided_at"]
    assert move["sku"] not in kept(service, site).get(move["from_bin"], [])
    assert move["sku"] in kept(service, site)[move["to_bin"]] and kept(service, site) != before
    assert decide(service, plan_id, 1, "confirm").json() == done.json()
    assert decide(service, plan_id, 1, "cancel").status_code == 409
    plans = {row["plan_id"]: row for row in service.as_("viewer").get(f"/api/v1/plans?site={site}").json()["items"]}
    assert (plans[plan_id]["layout_changed"], plans[other]["layout_changed"]) == (False, True)


def test_a_move_that_is_called_off_moves_nothing(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    approve(service, plan_id)
    before = kept(service, site)
    assert decide(service, plan_id, 2, "cancel").json()["state"] == "cancelled"
    assert decide(service, plan_id, 2, "confirm").status_code == 409
    assert kept(service, site) == before
    states = [row["state"] for row in service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"]]
    assert states == ["open", "cancelled"]


def test_moves_of_a_plan_that_nobody_approved_are_not_decided(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    assert decide(service, plan_id, 1, "confirm").status_code == 409
    approve(service, plan_id)
    assert decide(service, plan_id, 9, "confirm").status_code == 404
    assert decide(service, str(uuid4()), 1, "confirm").status_code == 404


def test_plans_are_listed_by_when_they_were_asked_for(service: Any, site: str) -> None:
    first, second = (ask(service, site).json()["plan_id"] for _ in range(2))
    at = service.as_("viewer").get(f"/api/v1/plans/{second}").json()["asked_at"]
    for query, expected in (({"since": at}, [second]), ({"until": at}, [first]), ({"since": at, "until": at}, [])):
        answer = service.as_("viewer").get("/api/v1/plans", params={"site": site, **query})
        assert [row["plan_id"] for row in answer.json()["items"]] == expected, query
