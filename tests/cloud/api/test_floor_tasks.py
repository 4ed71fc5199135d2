"""Tasks for people: opened, dealt out, taken, given, noticed, reminded of, ended once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.store import pool
from tagdock_cloud.tasks.duties import deal_out, notice, notice_all, watch
from tagdock_cloud.tasks.rules import HAND

STEPS = [{"step": 1, "sku": "X", "from": "A", "to": "B"}, {"step": 2, "sku": "Y", "from": "B", "to": "A"}]


class Floor:
    """One site of the service, with an item and three bins."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.site = f"t-{uuid4().hex[:8]}"
        bins = [{"id": name, "x_m": n, "y_m": 1, "skus": []} for n, name in enumerate("ABC")]
        body = {"v": 1, "name": "Floor", "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
        assert service.as_("admin").put(f"/api/v1/sites/{self.site}/layout", json=body).status_code == 200
        self.epc = f"urn:epc:id:sgtin:9521234.000031.{uuid4().int % 10**9}"
        self.sql(
            "insert into items (epc, sku, site, state, since) values (%s, 'K', %s, 'in_progress', now())",
            self.epc, self.site,
        )  # fmt: skip

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return list(self.service.sql(statement, values))

    def client(self, name: str, role: str = "operator") -> Any:
        """A person of this site alone, by name."""
        return self.service.as_(role, self.site, name)

    def open(self, kind: str = "count", status: int = 201, **fields: Any) -> dict[str, Any]:
        body = {"site": self.site, "kind": kind, **({"bin": "A"} if kind == "count" else {}), **fields}
        answer = self.service.as_("manager").post("/api/v1/tasks", json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def task(self, task: dict[str, Any]) -> dict[str, Any]:
        return dict(self.service.as_("manager").get(f"/api/v1/tasks/{task['task_id']}").json())

    def run(self, *duties: Any) -> None:
        for duty in duties or (deal_out,):
            with pool.connect(self.service.database) as connection:
                duty(connection)

    def come(self, role: str = "operator", *more: str) -> tuple[Any, str]:
        """Somebody new comes on duty; returns their client and name."""
        client = self.service.as_(role, self.site, *(more or (uuid4().hex[:6],)))
        answer = client.put("/api/v1/on-duty/me", json={"site": self.site})
        assert answer.status_code == 200, answer.text
        return client, str(answer.json()["duty"]["person"])

    def end(self, client: Any, task: dict[str, Any], status: int = 200, **body: Any) -> dict[str, Any]:
        answer = client.post(f"/api/v1/tasks/{task['task_id']}/done", json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())


@pytest.fixture
def floor(service: Any) -> Any:
    floor = Floor(service)
    yield floor
    floor.sql("delete from on_duty")


def test_a_task_goes_to_who_has_least_with_the_reason_and_ends_by_a_scan(floor: Floor) -> None:
    task = floor.open("put_away", epc=floor.epc, to_bin="B", why="came in")
    floor.run()
    assert floor.task(task)["assignee"] is None
    _, busy = floor.come()
    floor.sql("insert into tasks (site, kind, role, assignee) values (%s, 'count', 'operator', %s)", floor.site, busy)
    mei, name = floor.come()
    floor.run()
    dealt = floor.task(task)
    assert (dealt["assignee"], dealt["assigned_by"]) == (name, "tagdock")
    assert dealt["assigned_why"]["others"] == {busy: 1} and dealt["assigned_why"]["open_tasks"] == 0
    mine = mei.get(f"/api/v1/tasks/{task['task_id']}").json()
    (listed,) = mei.get("/api/v1/tasks", params={"assignee": "me", "state": "open"}).json()["items"]
    taken = mei.post(f"/api/v1/tasks/{task['task_id']}/take").json()
    for seen in (mine, listed, taken):
        assert seen["assigned_why"]["others"] == [1] and busy not in str(seen), "colleagues are numbers to each other"
    floor.end(mei, task, 422, scanned="urn:epc:id:sgtin:9521234.000031.1", bin="B")
    floor.end(mei, task, 422, scanned=floor.epc, bin="A")
    done = floor.end(mei, task, scanned=floor.epc, bin="B")
    assert (done["state"], done["done_by"], done["done_how"]) == ("done", name, "scan")
    item = floor.service.as_("viewer").get(f"/api/v1/items/{floor.epc}").json()
    assert (item["bin"], item["state"]) == ("B", "sellable_accessible")


def test_a_task_done_twice_is_told_apart(floor: Floor) -> None:
    task = floor.open()
    (one, name), (other, _) = floor.come(), floor.come()
    first = floor.end(one, task, quantity=7)
    assert floor.end(one, task, quantity=9) == first and first["result"] == {"quantity": 7}
    assert name in floor.end(other, task, 409, quantity=8)["detail"]
    assert (
        len(floor.sql("select 1 from audit where subject = %s and action = 'task.done'", f"task/{task['task_id']}"))
        == 1
    )


def test_two_dealers_at_once_give_no_task_twice_and_share_evenly(floor: Floor) -> None:
    names = [floor.come()[1] for _ in range(3)]
    tasks = [floor.open()["task_id"] for _ in range(9)]
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(floor.run) for _ in range(4)]:
            future.result()
    rows = floor.sql("select assignee, count(*) as n from tasks where task_id = any(%s::uuid[]) group by 1", tasks)
    assert {row["assignee"]: row["n"] for row in rows} == dict.fromkeys(names, 3)


def test_a_dealer_waits_for_another_so_that_nobody_gets_more_than_a_hand_holds(floor: Floor) -> None:
    _, name = floor.come()
    for _ in range(HAND):
        floor.open()
    with pool.connect(floor.service.database) as first, ThreadPoolExecutor(1) as threads:
        deal_out(first)
        floor.open(priority=1)  # nobody but the second dealer sees it, and nobody but the first what was dealt
        second = threads.submit(floor.run)
        waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted"
        deadline = time.monotonic() + 20
        while not floor.sql(waiting) and not second.done() and time.monotonic() < deadline:
            time.sleep(0.01)
        first.commit()
        second.result()
    assert floor.sql("select count(*) as n from tasks where assignee = %s", name) == [{"n": HAND}]


def test_of_two_who_take_one_task_one_gets_it(floor: Floor) -> None:
    task = floor.open()
    clients = [floor.come()[0] for _ in range(2)]
    path = f"/api/v1/tasks/{task['task_id']}/take"
    waiting = (
        "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    with pool.connect(floor.service.database) as holder, ThreadPoolExecutor(2) as threads:
        holder.execute("select 1 from tasks where task_id = %s for update", [task["task_id"]])
        answers = [threads.submit(client.post, path) for client in clients]
        deadline = time.monotonic() + 15  # a client waits for 20 s
        while floor.sql(waiting)[0]["n"] < len(clients) and time.monotonic() < deadline:
            time.sleep(0.01)
        holder.commit()
        assert sorted(answer.result().status_code for answer in answers) == [200, 409]


def test_who_goes_lays_down_what_was_dealt_and_keeps_what_was_begun_or_given(floor: Floor) -> None:
    mei, name = floor.come()
    dealt, begun, given = floor.open(), floor.open(), floor.open()
    manager = floor.service.as_("manager")
    path = f"/api/v1/tasks/{given['task_id']}/assign"
    assert (
        manager.post(path, json={"assignee": name, "reason": "knows it"}).json()["assigned_why"]["reason"] == "knows it"
    )
    floor.run()
    assert mei.post(f"/api/v1/tasks/{begun['task_id']}/take").json()["started_at"]
    assert mei.delete("/api/v1/on-duty/me").json() == {"duty": None}
    assert [floor.task(task)["assignee"] for task in (dealt, begun, given)] == [None, name, name]
    _, other = floor.come()
    floor.run()
    assert floor.task(dealt)["assignee"] == other


def test_what_is_given_back_goes_to_somebody_else(floor: Floor) -> None:
    mei, name = floor.come()
    task = floor.open()
    floor.run()
    back = {"reason": "too high for me"}
    assert mei.post(f"/api/v1/tasks/{task['task_id']}/give-back", json=back).json()["assignee"] is None
    floor.run()
    assert floor.task(task)["assignee"] is None
    _, other = floor.come()
    floor.run()
    dealt = floor.task(task)
    assert dealt["assignee"] == other and dealt["assigned_why"]["left_out"] == {name: "gave_it_back"}


@pytest.mark.parametrize(
    ("role", "here", "status"),
    [("operator", True, 200), ("inspector", True, 403), ("technician", True, 403), ("operator", False, 403)],
    ids=str,
)
def test_only_the_right_role_at_the_site_does_a_task(floor: Floor, role: str, here: bool, status: int) -> None:
    task = floor.open()
    client = floor.service.as_(role, floor.site if here else "elsewhere")
    assert client.post(f"/api/v1/tasks/{task['task_id']}/done", json={"quantity": 1}).status_code == status
    answer = floor.service.as_("manager").post(
        f"/api/v1/tasks/{task['task_id']}/assign", json={"assignee": "user:nobody", "reason": "x"}
    )
    assert answer.status_code == (409 if status == 200 else 422)


def test_reads_notice_that_something_is_done(floor: Floor) -> None:
    put_away, pick = floor.open("put_away", epc=floor.epc, to_bin="B"), floor.open("pick", epc=floor.epc, bin="C")
    floor.sql("update items set bin = 'C', since = now() + interval '1 s' where epc = %s", floor.epc)
    floor.run(notice_all)
    assert [floor.task(task)["state"] for task in (put_away, pick)] == ["open", "open"]
    floor.sql("update items set bin = 'B', since = now() + interval '2 s' where epc = %s", floor.epc)
    floor.run(notice_all)
    for task in map(floor.task, (put_away, pick)):
        assert (task["state"], task["done_by"], task["done_how"]) == ("done", "reads", "read")
        assert task["result"] == {"bin": "B"}


def test_what_moved_is_noticed_at_once(floor: Floor) -> None:
    task = floor.open("put_away", epc=floor.epc)
    floor.sql("insert into gateways (site, gateway) values (%s, 'g1')", floor.site)
    floor.run(notice)
    floor.sql("select ensure_partitions(now(), now())")
    floor.sql(
        "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, bin, direction, confidence) "
        "values (%s, now(), gen_random_uuid(), 'g1', %s, '30', 'C', 'in', 1)", floor.site, floor.epc,
    )  # fmt: skip
    floor.sql("update items set bin = 'C', since = now() where epc = %s", floor.epc)
    deadline = time.monotonic() + 20  # what is being written holds the look back
    while floor.task(task)["state"] == "open" and time.monotonic() < deadline:
        floor.run(notice)
    assert floor.task(task)["done_how"] == "read"


def test_picks_of_an_order_that_is_complete_are_done(floor: Floor) -> None:
    task = floor.open("pick", sku="K", order="SO-1", bin="A", quantity=2)
    floor.sql("insert into orders (site, kind, order_id) values (%s, 'outbound', 'SO-1')", floor.site)
    floor.run(notice_all)
    assert floor.task(task)["state"] == "open"
    floor.sql("update orders set completed_at = now() where site = %s", floor.site)
    floor.run(notice_all)
    assert floor.task(task)["done_how"] == "read"


def test_what_is_late_is_reminded_of_then_told_to_managers_and_taken_from_who_left(floor: Floor) -> None:
    webhook = {"name": floor.site, "url": "https://erp.example/x", "topics": ["task", "alert"], "sites": [floor.site]}
    hook = floor.service.as_("admin").post("/api/v1/webhooks", json=webhook).json()["webhook_id"]
    _, name = floor.come()
    task = floor.open()
    floor.run()
    moved = "update tasks set opened_at = now() - interval '{}', due_at = now() + interval '{}' where task_id = %s"
    floor.sql(moved.format("1 h", "2 h"), task["task_id"])
    floor.run(watch)
    assert floor.task(task)["reminded_at"] is None
    floor.sql(moved.format("3 h", "30 min"), task["task_id"])
    floor.run(watch, watch)
    assert floor.task(task)["reminded_at"] and floor.task(task)["assignee"] == name
    floor.sql(moved.format("3 h", "-1 s"), task["task_id"])
    floor.sql("delete from on_duty")
    floor.run(watch, watch)
    late = floor.task(task)
    assert late["escalated_at"] and late["priority"] == 1 and late["assignee"] is None
    alerts = floor.service.as_("viewer").get("/api/v1/alerts", params={"site": floor.site}).json()["items"]
    assert [(one["kind"], one["originator"], one["value"]) for one in alerts] == [("task_overdue", "tasks/operator", 1)]
    mei, _ = floor.come()
    floor.end(mei, task, quantity=1)
    floor.run(watch)
    alerts = (
        floor.service.as_("viewer").get("/api/v1/alerts", params={"site": floor.site, "is_open": True}).json()["items"]
    )
    assert alerts == []
    told = floor.sql(
        "select coalesce(body ->> 'event', topic) as event from deliveries where webhook_id = %s order by queued_at",
        hook,
    )
    assert [row["event"] for row in told] == ["due_soon", "overdue", "alert", "done", "alert"]


def test_a_forgotten_shift_ends_and_its_tasks_are_dealt_anew(floor: Floor) -> None:
    _, name = floor.come()
    task = floor.open()
    floor.run()
    floor.sql("update on_duty set since = now() - interval '17 h' where person = %s", name)
    floor.run(watch)
    assert floor.task(task)["assignee"] is None
    assert floor.service.as_("viewer").get("/api/v1/on-duty", params={"site": floor.site}).json() == {"items": []}


def test_moves_of_a_plan_are_tasks_and_end_with_them_either_way(floor: Floor) -> None:
    plan = str(uuid4())
    floor.sql(
        "insert into plans (plan_id, site, asked_by, request, state, approved_at) "
        "values (%s, %s, 'x', '{}', 'approved', now())",
        plan, floor.site,
    )  # fmt: skip
    for step in STEPS:
        floor.sql(
            "insert into moves (plan_id, step, sku, from_bin, to_bin) values (%s, %s, %s, %s, %s)",
            plan, step["step"], step["sku"], step["from"], step["to"],
        )  # fmt: skip
    listed = {"site": floor.site, "kind": "relocate"}

    def tasks() -> list[tuple[Any, ...]]:
        rows = floor.service.as_("viewer").get("/api/v1/tasks", params=listed).json()["items"]
        return [(row["step"], row["state"], row["bin"], row["to_bin"]) for row in rows]

    assert tasks() == []  # nobody has said yet which of them may be done now
    floor.sql("select open_moves(%s::uuid)", plan)
    assert tasks() == [(2, "open", "B", "A")] or tasks() == [(1, "open", "A", "B")]
    mei, _ = floor.come()
    (first,) = floor.service.as_("viewer").get("/api/v1/tasks", params=listed).json()["items"]
    floor.end(mei, first, scanned=first["bin"])
    ended = floor.service.as_("viewer").get(f"/api/v1/plans/{plan}/moves").json()["items"]
    assert [row["state"] for row in ended if row["step"] == first["step"]] == ["done"]
    (second,) = [row for row in tasks() if row[1] == "open"]
    path = f"/api/v1/plans/{plan}/moves/{second[0]}/cancel"
    assert floor.service.as_("planner").post(path).status_code == 200
    assert sorted(row[1] for row in tasks()) == ["cancelled", "done"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"kind": "count", "bin": "Z"}, "bin"),
        ({"kind": "follow_up", "site": "nowhere"}, "site"),
        ({"kind": "relocate", "sku": "K", "bin": "A"}, "to_bin"),
        ({"kind": "inspect"}, "epc"),
        ({"kind": "repair"}, "work order"),
        ({"kind": "inspect", "epc": "urn:epc:id:sgtin:9521234.000031.404"}, "epc"),
        ({"kind": "count", "bin": "A", "due_at": "2020-01-01T00:00:00Z"}, "due_at"),
        ({"kind": "count", "bin": "A", "priority": 0}, "priority"),
        ({"kind": "count", "bin": "A", "colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_task_that_nobody_could_do_is_refused_with_the_field(floor: Floor, fields: Any, named: str) -> None:
    answer = floor.service.as_("manager").post("/api/v1/tasks", json={"site": floor.site, **fields})
    assert answer.status_code == 422 and named in answer.json()["detail"]


def test_a_technician_sees_their_own_tasks_only(floor: Floor) -> None:
    floor.open()
    (repair,) = floor.sql(
        "insert into tasks (site, kind, role, epc) values (%s, 'repair', 'technician', %s) returning task_id::text",
        floor.site, floor.epc,
    )  # fmt: skip
    bo, name = floor.come("technician")
    ann, _ = floor.come("technician")
    path = f"/api/v1/tasks/{repair['task_id']}"
    assert bo.post(f"{path}/take").json()["assignee"] == name
    assert [row["kind"] for row in bo.get("/api/v1/tasks").json()["items"]] == ["repair"]
    assert ann.get("/api/v1/tasks").json()["items"] == []
    assert (ann.get(path).status_code, bo.get(path).status_code) == (403, 200)
