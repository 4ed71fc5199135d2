"""Beside the page Tasks: managers give tasks to others; what counts and doors tell against the record is settled."""

from typing import Any

import pytest
from tagdock_cloud_api_browsing import Phone, Watch, on, pass_door, shipped  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")

WALL = 1920


@pytest.fixture
def opened(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    yield lambda role, path="/tasks", width=390: Phone(watch, warehouse, on(helpers, path), role, width)
    warehouse.sql("update tasks set state = 'cancelled', done_at = now() where state = 'open'")


def lying_in(service: Any, helpers: Any, bin_: str) -> str:
    """Return an item that lies in a bin by the record."""
    epc = shipped(service, helpers)
    service.sql("insert into bins (site, bin) values (%s, %s) on conflict do nothing", [helpers.SITE, bin_])
    placed = "update items set bin = %s, door = null, state = 'sellable_accessible' where epc = %s"
    service.sql(placed, [bin_, epc])
    return epc


def counted(service: Any, helpers: Any, bin_: str) -> str:
    """Count a bin in which nothing is found, and return the count."""
    asked = {"site": helpers.SITE, "method": "epcs", "bin": bin_}
    count = service.as_("manager").post("/api/v1/counts", json=asked).json()
    told = service.as_("operator").post(f"/api/v1/counts/{count['count_id']}/result", json={"epcs": []})
    assert told.status_code == 200 and told.json()["state"] == "differs", told.text
    return str(count["count_id"])


def contradicted(service: Any, helpers: Any) -> tuple[str, str]:
    """Let an item leave that was inspected once only; return it, and the step that contradicts its life."""
    epc = shipped(service, helpers)
    pass_door(service, helpers, epc, "in", hours=2)
    step = {"transition": "inspect", "grade": "C", "sealed": False}
    assert service.as_("inspector").post(f"/api/v1/items/{epc}/life/steps", json=step).status_code == 201
    pass_door(service, helpers, epc, "out")
    (row,) = service.sql("select step_id::text from life_steps where epc = %s and kind = 'contradicted'", [epc])
    return epc, str(row["step_id"])


def audited(service: Any, subject: str) -> list[str]:
    return [row["action"] for row in service.sql("select action from audit where subject = %s", [subject])]


def test_a_manager_gives_somebody_s_task_to_somebody_else(opened: Any, warehouse: Any, helpers: Any) -> None:
    epc = lying_in(warehouse, helpers, "GIVE-1")
    body = {"site": helpers.SITE, "kind": "put_away", "epc": epc, "to_bin": "GIVE-1"}
    task_id = warehouse.as_("manager").post("/api/v1/tasks", json=body).json()["task_id"]
    assert warehouse.as_("operator").post(f"/api/v1/tasks/{task_id}/take").status_code == 200
    warehouse.as_("operator", helpers.SITE)
    sql = "select person from floor_people where role = 'operator' and sites is not null"
    (other,) = warehouse.sql(sql)
    phone = opened("manager")
    phone.touch(name="All tasks", role="link")
    expect(phone.page.locator(".task", has_text="GIVE-1")).to_contain_text("token:operator-")
    assert phone.look("tasks-all") == []
    phone.page.locator(".task", has_text="GIVE-1").click()
    phone.page.get_by_text("Give it to somebody else").click()
    phone.page.get_by_label("Who does it").select_option(other["person"])
    phone.page.get_by_label("Why", exact=True).fill("They stand next to it.")
    assert phone.look("task-give") == []
    phone.touch(name="Give it")
    expect(phone.page.locator(".note", has_text=other["person"])).to_be_visible()
    (task,) = warehouse.sql("select assignee, assigned_why ->> 'reason' as why from tasks where epc = %s", [epc])
    assert task == {"assignee": other["person"], "why": "They stand next to it."}
    assert audited(warehouse, f"task/{task_id}")[-1] == "task.assign"
    give = {"params": {"site": helpers.SITE}, "data": {"assignee": "", "reason": "x"}}
    assert warehouse.as_("operator").post(f"/tasks/{task_id}/assign", **give).status_code == 403
    assert warehouse.as_("operator").get("/tasks/all", params={"site": helpers.SITE}).status_code == 403
    warehouse.sql("insert into sites (site) values ('elsewhere') on conflict do nothing")
    stranger = warehouse.as_("manager", "elsewhere")
    told = stranger.post(f"/tasks/{task_id}/assign", data=give["data"])
    assert told.status_code == 303 and "is+not+one+of+the+sites" in told.headers["location"]
    sent = warehouse.as_("manager").post(
        f"/tasks/{task_id}/assign", params=give["params"], data={"assignee": "token:nobody", "reason": "x"}
    )
    assert sent.status_code == 303 and "nobody+who+works" in sent.headers["location"]
    assert warehouse.sql("select assignee from tasks where epc = %s", [epc]) == [{"assignee": other["person"]}]


@pytest.mark.parametrize("width", [390, WALL], ids=["phone", "wall"])
def test_a_difference_of_a_count_is_settled_and_the_record_follows(
    opened: Any, warehouse: Any, helpers: Any, width: int
) -> None:
    bin_ = f"SETTLE-{width}"
    epc = lying_in(warehouse, helpers, bin_)
    count_id = counted(warehouse, helpers, bin_)
    page = opened("operator", "/tasks/settle", width)
    card = page.page.locator(f"#d-{count_id}-1")
    expect(card).to_contain_text("not found")
    assert page.look("tasks-settle-count") == []
    card.get_by_label("Why, if you know").fill("Looked everywhere.")
    card.get_by_role("button", name="It is lost").click()
    expect(page.page.locator(".well")).to_be_visible()
    expect(card).to_have_count(0)
    assert warehouse.sql("select missing_since is not null as gone from lives where epc = %s", [epc]) == [
        {"gone": True}
    ]
    assert warehouse.sql("select state from counts where count_id = %s", [count_id]) == [{"state": "settled"}]
    assert audited(warehouse, f"count/{count_id}/1") == ["count.settle"]
    again = {"params": {"site": helpers.SITE}, "data": {"verdict": "found"}}
    told = warehouse.as_("manager").post(f"/tasks/settle/counts/{count_id}/1", **again)
    assert told.status_code == 409 and "settled already" in told.text
    for role in ("viewer", "inspector", "planner"):
        assert warehouse.as_(role).post(f"/tasks/settle/counts/{count_id}/1", **again).status_code == 403


def test_a_contradiction_is_settled_by_a_manager_with_a_reason(opened: Any, warehouse: Any, helpers: Any) -> None:
    epc, step_id = contradicted(warehouse, helpers)
    path = f"/tasks/settle/contradictions/{step_id}"
    told = {"params": {"site": helpers.SITE}, "data": {"epc": epc, "stands": "record", "reason": "x"}}
    assert warehouse.as_("operator").post(path, **told).status_code == 403
    forged = {"Sec-Fetch-Site": "cross-site"}
    assert warehouse.as_("manager").post(path, **told, headers=forged).status_code == 403
    operator = opened("operator", "/tasks/settle")
    expect(operator.page.locator(f"#c-{step_id}")).to_contain_text("A manager settles it")
    expect(operator.page.get_by_role("button", name="The door is right")).to_have_count(0)
    phone = opened("manager", "/tasks/settle")
    card = phone.page.locator(f"#c-{step_id}")
    assert phone.look("tasks-settle") == []
    card.get_by_label("Why", exact=True).fill("I saw it drive away.")
    card.get_by_role("button", name="The door is right").click()
    expect(phone.page.locator(".well")).to_be_visible()
    expect(card).to_have_count(0)
    (life,) = warehouse.sql("select contradictions, state from lives where epc = %s", [epc])
    assert life == {"contradictions": 0, "state": "shipped"}
    assert audited(warehouse, f"item/{epc}")[-1] == "life.settle"
    assert warehouse.as_("manager").post(path, **told).status_code == 404
