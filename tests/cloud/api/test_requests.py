"""Service requests: who answers, what came of it, and the score of whoever asked."""

from typing import Any
from uuid import uuid4

import pytest

ASKED = {
    "kind": "complaint",
    "channel": "mail",
    "class": "damaged",
    "customer": "crm-4711",
    "text": "The box was open.",
}


class Desk:
    """One site with its managers."""

    def __init__(self, service: Any) -> None:
        self.service, self.site = service, f"q-{uuid4().hex[:8]}"
        service.sql("insert into sites (site) values (%s)", [self.site])
        self.crm = service.as_("integrator", self.site)
        self.manager, self.other = (service.as_("manager", self.site, name) for name in ("one", "two"))

    def open(self, status: int = 201, **more: Any) -> dict[str, Any]:
        answer = self.crm.post("/api/v1/requests", json={"site": self.site, **ASKED, **more})
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def close(self, request: Any, client: Any = None, status: int = 200, **body: Any) -> dict[str, Any]:
        path = f"/api/v1/requests/{request['request_id']}/close"
        answer = (client or self.manager).post(path, json={"resolution": "sent another", **body})
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def score(self, reference: str, score: int, status: int = 200) -> dict[str, Any]:
        answer = self.service.as_(None).post(f"/api/v1/request-feedback/{reference}", json={"score": score})
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def listed(self, **asked: Any) -> list[str]:
        rows = self.manager.get("/api/v1/requests", params={"site": self.site, **asked}).json()["items"]
        assert all("reference" not in row for row in rows)
        return [row["request_id"] for row in rows]


@pytest.fixture
def desk(service: Any) -> Desk:
    return Desk(service)


def test_a_request_is_a_task_until_it_is_answered_and_then_scored_once(desk: Desk) -> None:
    request = desk.open(priority=2)
    assert (request["state"], request["owner"], request["class"]) == ("open", None, "damaged")
    path = f"/api/v1/tasks/{request['task_id']}"
    task = desk.manager.get(path).json()
    assert (task["kind"], task["role"], task["priority"], task["why"]) == ("follow_up", "manager", 2, ASKED["text"])
    owner = desk.manager.post(f"{path}/take").json()["assignee"]
    assert desk.listed(owner=owner) == [request["request_id"]]
    desk.score(request["reference"], 5, 409)
    closed = desk.close(request, liability="carrier")
    assert (closed["state"], closed["resolution"], closed["liability"], closed["closed_by"]) == (
        "closed", "sent another", "carrier", owner,
    )  # fmt: skip
    assert desk.manager.get(path).json()["state"] == "done"
    assert desk.close(request, liability="carrier") == closed
    desk.close(request, desk.other, 409)
    first = desk.score(request["reference"], 4)
    assert desk.score(request["reference"], 4) == first
    desk.score(request["reference"], 1, 409)
    wrong = request["reference"][::-1]
    desk.score(wrong, 1, 404)
    left = desk.service.sql(
        "select action from audit where subject like %s", [f"service_request/{request['request_id']}"]
    )
    assert [row["action"] for row in left] == ["request.open", "request.close", "request.score"]


def test_who_ends_its_task_has_answered_it(desk: Desk) -> None:
    request = desk.open()
    path = f"/api/v1/tasks/{request['task_id']}/done"
    assert desk.manager.post(path, json={"note": "called back"}).status_code == 200
    closed = desk.manager.get(f"/api/v1/requests/{request['request_id']}").json()
    assert (closed["state"], closed["resolution"]) == ("closed", "called back")


def test_what_is_not_over_is_opened_again_with_another_task_and_without_its_score(desk: Desk) -> None:
    request = desk.open()
    desk.close(request)
    desk.score(request["reference"], 1)
    path = f"/api/v1/requests/{request['request_id']}/reopen"
    again = desk.manager.post(path, json={"reason": "the second was broken, too"}).json()
    assert (again["state"], again["score"], again["resolution"]) == ("open", None, None)
    assert again["task_id"] != request["task_id"]
    assert desk.manager.post(path, json={"reason": "x"}).status_code == 409
    desk.close(again)
    desk.score(request["reference"], 5)


def test_overdue_requests_are_listed_and_their_filters_agree(desk: Desk, service: Any) -> None:
    late, other = desk.open(), desk.open(kind="enquiry", customer="crm-1", order="SO-1")
    service.sql("update tasks set due_at = now() - interval '1 s' where task_id = %s", [late["task_id"]])
    assert desk.listed(is_overdue=True) == [late["request_id"]]
    for asked in ({"kind": "enquiry"}, {"order": "SO-1"}, {"customer": "crm-1"}, {"is_overdue": False}):
        assert desk.listed(**asked) == [other["request_id"]]
    assert desk.listed(state="closed") == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"customer": "mei@example.com"}, "customer"),
        ({"customer": "Mei Lin"}, "customer"),
        ({"customer": "+8613800000000"}, "customer"),
        ({"class": "Something else"}, "class"),
        ({"text": ""}, "text"),
        ({"due_at": "2026-01-01T00:00:00Z"}, "due_at"),
        ({"epc": "urn:epc:id:sgtin:9521234.000031.404"}, "epc"),
        ({"mood": "bad"}, "mood"),
    ],
    ids=str,
)
def test_what_names_a_person_or_is_unknown_is_refused_with_its_field(desk: Desk, more: Any, named: str) -> None:
    assert named in desk.open(422, **more)["detail"]


def test_webhooks_hear_of_it_without_what_was_written(desk: Desk) -> None:
    webhook = {"name": desk.site, "url": "https://crm.example/x", "topics": ["request"], "sites": [desk.site]}
    hook = desk.service.as_("admin").post("/api/v1/webhooks", json=webhook).json()["webhook_id"]
    request = desk.open()
    desk.close(request)
    desk.score(request["reference"], 3)
    told = desk.service.sql("select body from deliveries where webhook_id = %s order by queued_at", [hook])
    assert [row["body"]["event"] for row in told] == ["opened", "closed", "scored"]
    assert told[-1]["body"]["score"] == 3 and told[0]["body"]["customer"] == "crm-4711"
    assert all(ASKED["text"] not in str(row["body"]) for row in told)
