"""An approved plan's moves as tasks: in order, confirmed or flagged by what was read, and what they saved."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.plans.following import confirm_tasks, flag_tasks
from tagdock_cloud.store import pool

STEPS = [
    {"step": 1, "sku": "X", "from": "A", "to": "C", "saves_m_per_day": -5.0, "why": "makes room"},
    {"step": 2, "sku": "Y", "from": "B", "to": "A", "saves_m_per_day": 30.0, "why": "nearer"},
    {"step": 3, "sku": "X", "from": "C", "to": "B", "saves_m_per_day": 2.0, "why": "put down"},
]
WALKS = [
    {"step": 1, "sku": "X", "bins": 1, "doors": {"D1": [1.0, 9.0]}},
    {"step": 2, "sku": "Y", "bins": 1, "doors": {"D1": [5.0, 1.0]}},
    {"step": 3, "sku": "X", "bins": 1, "doors": {"D1": [9.0, 5.0]}},
]
PLAN = {
    "v": 1, "status": "optimal", "current_m_per_day": 100.0, "objective_m_per_day": 73.0, "lower_bound_m_per_day": 73.0,
    "assignment": {"X": ["B"], "Y": ["A"]}, "moves": STEPS, "frontier": [], "terms": {"travel": 73.0},
}  # fmt: skip


@pytest.fixture
def site(service: Any) -> str:
    name = f"t-{uuid4().hex[:8]}"
    bins = [{"id": bin_, "x_m": n, "y_m": 1, "skus": skus} for n, (bin_, skus) in enumerate(
        [("A", ["X"]), ("B", ["Y"]), ("C", []), ("D", [])]
    )]  # fmt: skip
    body = {"v": 1, "name": name, "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
    assert service.as_("admin").put(f"/api/v1/sites/{name}/layout", json=body).status_code == 200
    return name


def asked(service: Any, site: str, **fields: Any) -> str:
    return str(service.as_("planner").post("/api/v1/plans", json={"site": site, **fields}).json()["plan_id"])


def solved(service: Any, site: str, problem: Any = None) -> str:
    plan_id = asked(service, site)
    service.sql("select plan_start_v1(%s, %s::jsonb)", [plan_id, json.dumps(problem or {"bins": []})])
    service.sql("select plan_note_v1(%s, 'walks', %s::jsonb)", [plan_id, json.dumps(WALKS)])
    service.sql("select plan_picture_v1(%s, 'moves', '<svg/>')", [plan_id])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(PLAN)])
    return plan_id


def approved(service: Any, site: str) -> str:
    plan_id = solved(service, site)
    assert service.as_("planner").post(f"/api/v1/plans/{plan_id}/approve").status_code == 200
    return plan_id


def seen(service: Any, site: str, sku: str, bin_: str, minutes: float = 1.0) -> str:
    """Put an item into a bin, as ingest does when a shelf or a handheld reads it there."""
    epc = f"urn:epc:id:sgtin:9521234.{uuid4().int % 10**6:06d}.{uuid4().int % 10**9}"
    since = datetime.now(UTC) + timedelta(minutes=minutes)
    service.sql(
        "insert into items (epc, sku, site, bin, state, since) values (%s, %s, %s, %s, 'sellable_accessible', %s)",
        [epc, sku, site, bin_, since],
    )
    return epc


def follow(service: Any, late_after_h: int = 24) -> None:
    with pool.connect(service.database) as connection:
        confirm_tasks(connection)
        flag_tasks(connection, late_after_h)


def tasks(service: Any, plan_id: str) -> list[dict[str, Any]]:
    return list(service.as_("viewer").get(f"/api/v1/plans/{plan_id}/moves").json()["items"])


def statuses(service: Any, plan_id: str) -> list[str]:
    return [task["status"] for task in tasks(service, plan_id)]


def kept(service: Any, site: str) -> dict[str, str]:
    rows = service.sql("select bin, sku from bin_skus where site = %s", [site])
    return {row["sku"]: row["bin"] for row in rows}


def test_a_task_waits_for_those_that_make_room_for_it_or_bring_its_goods(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    assert [task["waits_for"] for task in tasks(service, plan_id)] == [[], [1], [1, 2]]
    assert statuses(service, plan_id) == ["open", "waiting", "waiting"]
    for step, after in ((1, ["done", "open", "waiting"]), (2, ["done", "done", "open"])):
        service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/{step}/confirm")
        assert statuses(service, plan_id) == after


def test_reads_confirm_tasks_and_move_what_is_kept_where(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    follow(service)
    assert statuses(service, plan_id) == ["open", "waiting", "waiting"], "nothing was read yet"
    epc = seen(service, site, "X", "C")
    follow(service)
    first = tasks(service, plan_id)[0]
    assert (first["status"], first["decided_by"], first["seen_bin"], first["seen_epc"]) == ("done", "reads", "C", epc)
    assert first["confirmed_at"] is not None
    assert (statuses(service, plan_id)[1], kept(service, site)) == ("open", {"X": "C", "Y": "B"})
    seen(service, site, "Y", "A")
    seen(service, site, "X", "B")
    follow(service)
    assert statuses(service, plan_id) == ["done"] * 3
    assert kept(service, site) == {"X": "B", "Y": "A"}
    plan = service.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()
    assert not plan["layout_changed"], "the plan is made for the floor that it makes"


def test_goods_read_at_the_end_of_their_way_confirm_the_steps_before(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    seen(service, site, "X", "B")
    follow(service)
    assert [task["status"] for task in tasks(service, plan_id)] == ["done", "open", "done"]
    assert kept(service, site) == {"X": "B", "Y": "B"}


def test_goods_that_have_gone_on_are_not_put_back_by_a_late_word_on_the_step_before(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    for step in (3, 1):
        service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/{step}/confirm")
    rows = service.sql("select bin from bin_skus where site = %s and sku = 'X'", [site])
    assert [row["bin"] for row in rows] == ["B"]


def test_what_was_read_before_the_approval_confirms_nothing(service: Any, site: str) -> None:
    seen(service, site, "X", "C", minutes=-5)
    plan_id = approved(service, site)
    follow(service)
    assert statuses(service, plan_id) == ["open", "waiting", "waiting"]


def test_goods_read_elsewhere_flag_their_task_once_and_say_where(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    seen(service, site, "X", "A")  # where it is kept: nothing wrong
    follow(service)
    assert statuses(service, plan_id)[0] == "open"
    service.sql("insert into webhooks (name, url, topics) values (%s, 'https://x', '{move}')", [site])
    epc = seen(service, site, "Y", "D")
    follow(service)
    follow(service)
    task = tasks(service, plan_id)[1]
    assert (task["status"], task["flag"], task["seen_bin"], task["seen_epc"]) == ("flagged", "elsewhere", "D", epc)
    told = service.sql("select body from deliveries where site = %s and topic = 'move'", [site])
    assert [row["body"]["message"] for row in told] == ["Move 2 (Y to A) needs a person: seen in D"]
    entries = service.sql("select who, action from audit where site = %s and action like 'move.%%'", [site])
    assert entries == [{"who": "reads", "action": "move.flag"}]
    done = service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/2/confirm").json()
    assert (done["status"], done["flag"]) == ("done", "elsewhere")


def test_a_task_that_nobody_does_in_time_is_flagged_but_not_one_that_waits(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    service.sql("update moves set ready_at = ready_at - interval '25 hours' where plan_id = %s", [plan_id])
    follow(service)
    assert statuses(service, plan_id) == ["flagged", "waiting", "waiting"]
    assert tasks(service, plan_id)[0]["flag"] == "late"
    seen(service, site, "X", "C")
    follow(service)
    assert statuses(service, plan_id)[0] == "done", "late is not too late"


def test_a_task_after_one_that_was_called_off_goes_on_waiting(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/1/cancel")
    assert statuses(service, plan_id) == ["cancelled", "waiting", "waiting"]
    assert kept(service, site) == {"X": "A", "Y": "B"}


def test_tasks_that_a_new_plan_was_made_around_stay_open_and_others_fall_away(service: Any, site: str) -> None:
    older = approved(service, site)
    around = {"bins": [{"id": "C", "use": "held"}, {"id": "A"}, {"id": "B"}]}
    newer = solved(service, site, around)
    assert service.as_("planner").post(f"/api/v1/plans/{newer}/approve").json()["replaced"] == older
    left = service.sql("select step, state from moves where plan_id = %s order by step", [older])
    assert left == [{"step": 1, "state": "open"}, {"step": 3, "state": "open"}]


def test_a_plan_of_twenty_thousand_moves_is_opened_and_followed(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    service.sql("update plans set state = 'approved', approved_at = now() where plan_id = %s", [plan_id])
    service.sql(
        "insert into moves (plan_id, step, sku, from_bin, to_bin) "
        "select %s, n, 'S' || n, 'B' || n + 1, 'B' || n from generate_series(1, 20000) n",
        [plan_id],
    )
    with pool.connect(service.database) as connection:
        connection.execute("set statement_timeout = '20s'")
        connection.execute("select open_moves(%s)", [plan_id])
        confirm_tasks(connection)
        flag_tasks(connection)
        [row] = connection.execute(
            "select count(*) filter (where ready_at is not null) as ready from moves where plan_id = %s", [plan_id]
        ).fetchall()
        connection.execute("delete from moves where plan_id = %s", [plan_id])  # others follow tasks here, too
    assert row["ready"] == 1, "each goes where the one before it came from"


def test_savings_compare_what_was_promised_with_what_really_left(service: Any, site: str) -> None:
    plan_id = approved(service, site)
    for step in (1, 2):
        service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/{step}/confirm")
    service.sql("update plans set approved_at = now() - interval '3 days' where plan_id = %s", [plan_id])
    service.sql("update moves set done_at = now() - interval '3 days' where plan_id = %s", [plan_id])
    service.sql(
        "insert into flows (site, day, sku, door, out_count) "
        "select %s, (now() at time zone 'UTC')::date - n, sku, 'D1', lines "
        "from generate_series(0, 5) n, (values ('X', 2), ('Y', 10), ('Z', 99)) g (sku, lines)",
        [site],
    )
    weeks = service.as_("viewer").get(f"/api/v1/plans/{plan_id}/savings").json()["items"]
    assert sum(week["days"] for week in weeks) == 2, "the day of the approval and today are not whole"
    for week in weeks:
        assert week["promised_m_per_day"] == pytest.approx(27.0)
        assert week["expected_m_per_day"] == pytest.approx(25.0)
        assert week["measured_m_per_day"] == pytest.approx(10 * 4.0 - 2 * 8.0)
        assert (week["moves_done"], week["moves"]) == (2, 3)


def test_a_plan_that_is_solved_shows_its_progress_and_stops_when_asked(service: Any, site: str) -> None:
    plan_id = asked(service, site, what_if={"scale": {"X": 2.0}, "close_aisles": [3]}, hold_tasks=False)
    service.sql("select plan_start_v1(%s, '{}')", [plan_id])
    best = {"objective_m_per_day": 90.0, "seconds": 1.5}
    [row] = service.sql("select plan_progress_v1(%s, %s::jsonb) as stops", [plan_id, json.dumps(best)])
    assert row["stops"] is False
    assert service.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()["progress"] == best
    stopping = service.as_("planner").post(f"/api/v1/plans/{plan_id}/cancel").json()
    assert (stopping["state"], stopping["cancel_asked_at"] is not None) == ("solving", True)
    [row] = service.sql("select plan_progress_v1(%s, %s::jsonb) as stops", [plan_id, json.dumps(best)])
    assert row["stops"] is True
    assert service.as_("planner").post(f"/api/v1/plans/{plan_id}/cancel").json() == {**stopping}


def test_a_plan_that_nobody_has_begun_is_called_off_at_once_and_a_done_one_is_not(service: Any, site: str) -> None:
    waiting, done = asked(service, site), solved(service, site)
    off = service.as_("planner").post(f"/api/v1/plans/{waiting}/cancel").json()
    assert (off["state"], off["error"][:13]) == ("failed", "called off by")
    assert service.as_("planner").post(f"/api/v1/plans/{done}/cancel").status_code == 409


def test_pictures_are_listed_and_shown_and_do_nothing(service: Any, site: str) -> None:
    plan_id = solved(service, site)
    viewer = service.as_("viewer")
    assert viewer.get(f"/api/v1/plans/{plan_id}/pictures").json() == {"items": ["moves"]}
    answer = viewer.get(f"/api/v1/plans/{plan_id}/pictures/moves.svg")
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "image/svg+xml", "<svg/>")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert viewer.get(f"/api/v1/plans/{plan_id}/pictures/flow.svg").status_code == 404
    assert viewer.get(f"/api/v1/plans/{plan_id}/pictures/cat.svg").status_code == 422


def test_two_plans_are_put_side_by_side(service: Any, site: str) -> None:
    one, other, waiting = solved(service, site), solved(service, site), asked(service, site, seed=3)
    tours = {"training_orders": 70, "held_out_orders": 30, "training": [], "held_out": []}
    changed = {**PLAN, "assignment": {"X": ["D"], "Y": ["A"]}, "objective_m_per_day": 75.0, "tours": tours}
    statement = "update plans set plan = %s::jsonb, request = request || %s::jsonb where plan_id = %s"
    service.sql(statement, [json.dumps(changed), json.dumps({"seed": 5}), other])
    found = service.as_("viewer").get(f"/api/v1/plans/{one}/compare/{other}").json()
    assert (found["objective_m_per_day"], found["placed_differently"]) == ([73.0, 75.0], 1)
    assert found["examples"] == [{"sku": "X", "bins": [["B"], ["D"]]}]
    assert found["tours"] == [None, tours]
    assert found["request"]["seed"] == [None, 5] and "site" not in found["request"]
    assert service.as_("viewer").get(f"/api/v1/plans/{one}/compare/{waiting}").status_code == 409


def test_rates_are_shown_as_the_solver_wrote_them(service: Any, site: str) -> None:
    plan_id = asked(service, site)
    viewer = service.as_("viewer")
    assert viewer.get(f"/api/v1/plans/{plan_id}/rates").json()["items"] == {}
    rates = {"first_day": "2026-01-01", "end_day": "2026-03-01", "method": "forecast", "items": {"X": [2.0, 1.0, 3.5]}}
    service.sql("select plan_start_v1(%s, '{}')", [plan_id])
    service.sql("select plan_note_v1(%s, 'rates', %s::jsonb)", [plan_id, json.dumps(rates)])
    assert viewer.get(f"/api/v1/plans/{plan_id}/rates").json() == rates


@pytest.mark.parametrize(
    ("what_if", "field"),
    [({"scale": {"X": -1}}, "what_if.scale.X"), ({"rack": 1}, "what_if.rack"), ({"policy": "fly"}, "what_if.policy")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_what_if_is_refused_by_field(service: Any, site: str, what_if: dict[str, Any], field: str) -> None:
    answer = service.as_("planner").post("/api/v1/plans", json={"site": site, "what_if": what_if})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
