"""Reports over HTTP: who may say and read what, files, and mistakes told by their field."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.reports.records import MOST_WAITING
from tagdock_cloud.reports.running import work_out
from tagdock_cloud.store import pool

BODY = {
    "name": "Month by month", "kpis": ["on_time_dispatch", "return_rate"], "sites": ["r1"], "by_person": True,
    "period": "month", "time_zone": "Europe/Berlin",
}  # fmt: skip
DAY = {"day": "2026-05-17"}
HANDS = """
with ordered as (
    insert into orders (site, kind, order_id, due_at, completed_at)
    values ('r1', 'outbound', 'O1', '2026-05-02Z', '2026-05-01Z')
)
insert into tasks (site, kind, role, order_id, state, assignee, done_by, done_at) values
    ('r1', 'pick', 'operator', 'O1', 'done', 'user:mei', 'user:mei', now()),
    ('r1', 'pack', 'operator', 'O1', 'done', %(me)s, %(me)s, now())
"""


@pytest.fixture
def house(service: Any) -> Any:
    service.sql("delete from reports")
    service.sql("delete from webhooks")
    service.sql("delete from tasks where site = 'r1'")
    service.sql("delete from orders where site = 'r1'")
    service.sql("insert into sites (site) values ('r1'), ('r2') on conflict do nothing")
    return service


def add(service: Any, **changes: Any) -> Any:
    answer = service.as_("manager").post("/api/v1/reports", json={**BODY, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def path(report: Any, *parts: str) -> str:
    return "/".join(["/api/v1/reports", report["report_id"], *parts])


def run(service: Any, report: Any, **body: Any) -> str:
    """Ask for a period and work it out; the result's address."""
    asked = service.as_("manager").post(path(report, "results"), json={**DAY, **body})
    assert asked.status_code == 202, asked.text
    with pool.connect(service.database) as connection:
        work_out(connection)
    address = str(asked.headers["location"])
    assert service.as_("manager").get(address).json()["state"] == "done"
    return address


def me(service: Any, role: str, *sites: str) -> str:
    """The name by which a role's token is known."""
    service.as_(role, *sites)
    pattern = f"{'/'.join((role, *sites))}-%"
    (row,) = service.sql("select name from tokens where name like %s", [pattern])
    return f"token:{row['name']}"


def test_a_report_is_said_read_changed_and_removed(house: Any) -> None:
    report = add(house)
    assert report["next_at"] and report["formats"] == ["csv", "pdf"] and report["runs_at"] == "06:00:00"
    viewer = house.as_("viewer", "r1")
    assert viewer.get("/api/v1/reports").json()["items"] == [report]
    got = viewer.get(path(report))
    assert got.json() == report
    manager = house.as_("manager")
    assert manager.put(path(report), json={**BODY, "period": "week"}).status_code == 428
    changed = manager.put(path(report), json={**BODY, "period": "week"}, headers={"If-Match": got.headers["etag"]})
    assert (changed.status_code, changed.json()["period"]) == (200, "week")
    stale = manager.put(path(report), json=BODY, headers={"If-Match": got.headers["etag"]})
    assert stale.status_code == 412
    assert manager.delete(path(report), headers={"If-Match": "*"}).status_code == 204
    assert viewer.get(path(report)).status_code == 404
    actions = [
        row["action"]
        for row in house.sql(
            "select action from audit where subject = %s order by at", [f"report/{report['report_id']}"]
        )
    ]
    assert actions == ["report.add", "report.change", "report.remove"]


def test_a_result_is_read_as_json_csv_and_pdf(house: Any) -> None:
    house.sql(HANDS, {"me": "user:jun"})
    address = run(house, add(house))
    manager = house.as_("manager")
    told = manager.get(address).json()
    assert (told["since"], told["until"]) == ("2026-04-30T22:00:00Z", "2026-05-31T22:00:00Z")
    rows = told["figures"]["rows"]
    on_time = next(row for row in rows if row["kpi"] == "on_time_dispatch" and row["level"] == "all")
    assert (on_time["value"], on_time["part"], on_time["whole"]) == (1.0, 1, 1)
    sheet = manager.get(address, headers={"Accept": "text/csv"})
    assert sheet.headers["content-type"].startswith("text/csv")
    assert sheet.headers["content-disposition"] == 'attachment; filename="tagdock-month-2026-05-01.csv"'
    assert len(list(csv.DictReader(io.StringIO(sheet.text)))) == len(rows)
    paper = manager.get(address, headers={"Accept": "application/pdf"})
    assert paper.content.startswith(b"%PDF-") and paper.headers["content-type"] == "application/pdf"


def test_figures_of_persons_are_for_managers_and_for_themselves(house: Any) -> None:
    own = me(house, "operator", "r1")
    house.sql(HANDS, {"me": own})
    address = run(house, add(house))

    def people(client: Any) -> set[str]:
        told = {row["person"] for row in client.get(address).json()["figures"]["rows"]} - {None}
        lines = csv.DictReader(io.StringIO(client.get(address, headers={"Accept": "text/csv"}).text))
        assert {line["person"] for line in lines} - {""} == told  # a file tells no more
        return told

    assert people(house.as_("manager", "r1")) == {"user:mei", own}
    assert people(house.as_("operator", "r1")) == {own}
    assert people(house.as_("viewer", "r1")) == set()


def test_nobody_reads_of_sites_that_are_not_theirs(house: Any) -> None:
    here, everywhere = add(house), add(house, sites=None)
    both = add(house, sites=["r1", "r2"])
    address = run(house, here)
    for role in ("viewer", "manager"):
        theirs, others = house.as_(role, "r1"), house.as_(role, "r2")
        assert [one["report_id"] for one in theirs.get("/api/v1/reports").json()["items"]] == [here["report_id"]]
        assert others.get("/api/v1/reports").json()["items"] == []
        assert others.get(path(here)).status_code == others.get(address).status_code == 404
        assert theirs.get(path(everywhere)).status_code == theirs.get(path(both)).status_code == 404
    manager = house.as_("manager", "r2")
    assert manager.post("/api/v1/reports", json=BODY).status_code == 403
    assert manager.post("/api/v1/reports", json={**BODY, "sites": None}).status_code == 403
    assert manager.post(path(here, "results"), json=DAY).status_code == 404
    assert manager.put(path(here), json={**BODY, "sites": ["r2"]}, headers={"If-Match": "*"}).status_code == 404
    assert manager.delete(path(here), headers={"If-Match": "*"}).status_code == 404


def test_what_a_report_told_before_it_spoke_of_other_sites_stays_with_those(house: Any) -> None:
    report = add(house)
    address = run(house, report)
    changed = house.as_("manager").put(path(report), json={**BODY, "sites": ["r2"]}, headers={"If-Match": "*"})
    assert changed.status_code == 200
    other = house.as_("viewer", "r2")
    assert other.get(path(report, "results")).json()["items"] == [] and other.get(address).status_code == 404
    assert house.as_("manager").get(address).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        pytest.param({"kpis": []}, "kpis", "at least 1", id="no-figure"),
        pytest.param({"kpis": ["weather"]}, "kpis[0]", "stock_accuracy", id="unknown-figure"),
        pytest.param({"kpis": ["return_rate"] * 2}, "body", "stands twice", id="figure-twice"),
        pytest.param({"sites": ["r1", "nowhere"]}, "sites", "GET /api/v1/sites", id="unknown-site"),
        pytest.param({"sites": ["a'; drop table reports"]}, "sites[0]", "match", id="no-site-name"),
        pytest.param({"sites": []}, "sites", "at least 1", id="no-site"),
        pytest.param({"sites": ["r1"] * 201}, "sites", "at most 200", id="too-many-sites"),
        pytest.param({"period": "year"}, "period", "month", id="unknown-period"),
        pytest.param({"time_zone": "Mars/Olympus"}, "time_zone", "IANA", id="unknown-zone"),
        pytest.param({"time_zone": "../../etc/passwd"}, "time_zone", "match", id="a-path-as-a-zone"),
        pytest.param({"runs_at": "25:00"}, "runs_at", "hour", id="no-time"),
        pytest.param({"runs_at": "06:00+02:00"}, "runs_at", "without an offset", id="a-time-of-another-zone"),
        pytest.param({"language": "fr"}, "language", "'en' or 'zh'", id="unknown-language"),
        pytest.param({"formats": ["exe"]}, "formats[0]", "'csv' or 'pdf'", id="unknown-format"),
        pytest.param({"send_to": ["bob@house.example"]}, "send_to[0]", "UUID", id="an-address-and-no-webhook"),
        pytest.param({"send_to": [str(uuid4())] * 21}, "send_to", "at most 20", id="too-many-receivers"),
        pytest.param({"name": "a\r\nBcc: x"}, "name", "match", id="a-header-as-a-name"),
        pytest.param({"name": "x" * 101}, "name", "at most 100", id="a-long-name"),
        pytest.param({"sql": "select 1"}, "sql", "not a known field", id="unknown-field"),
    ],
)
def test_a_mistake_is_told_by_its_field_with_a_remedy(house: Any, changes: Any, field: str, remedy: str) -> None:
    answer = house.as_("manager").post("/api/v1/reports", json={**BODY, **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field and remedy in answer.json()["detail"], answer.text
    assert house.sql("select report_id from reports") == []


def test_only_who_listens_to_reports_of_these_sites_is_named(house: Any) -> None:
    def webhook(topics: list[str], sites: list[str] | None) -> str:
        values = {"topics": topics, "sites": sites}
        row = house.sql(
            "insert into webhooks (name, url, topics, sites) "
            "values ('w', 'mailto://h?to=a@b.example', %(topics)s, %(sites)s) returning webhook_id",
            values,
        )[0]
        return str(row["webhook_id"])

    def said(client: Any, *send_to: str, **changes: Any) -> str:
        answer = client.post("/api/v1/reports", json={**BODY, **changes, "send_to": list(send_to)})
        return "" if answer.status_code == 201 else str(answer.json()["detail"])

    manager = house.as_("manager")
    good, all_, deaf, other = (
        webhook(["report"], ["r1"]),
        webhook(["report"], None),
        webhook(["alert"], None),
        webhook(["report"], ["r2"]),
    )
    assert said(manager, good, all_) == ""
    assert said(manager, good, deaf).startswith("send_to[1]: this webhook does not listen to reports")
    assert said(manager, other).startswith("send_to[0]: this webhook hears of other sites")
    assert said(manager, good, sites=None).startswith("send_to[0]: this webhook hears of other sites")
    assert said(manager, str(uuid4())).startswith("send_to[0]: there is no such webhook")
    assert said(house.as_("manager", "r1"), all_).startswith(
        "send_to[0]: there is no such webhook"
    )  # not theirs to name


def test_a_period_that_is_not_over_and_too_many_at_once_are_refused(house: Any) -> None:
    report = add(house)
    manager = house.as_("manager")
    early = manager.post(path(report, "results"), json={"day": "2099-01-01"})
    assert early.status_code == 422 and early.json()["errors"][0]["field"] == "day" and "not over" in early.text
    for _ in range(MOST_WAITING):
        asked = manager.post(path(report, "results"), json={})
        assert asked.status_code == 202
    assert manager.post(path(report, "results"), json={}).status_code == 409
    waiting = manager.get(asked.headers["location"], headers={"Accept": "application/pdf"})
    assert waiting.status_code == 409 and "waiting" in waiting.text
    assert len(manager.get(path(report, "results"), params={"limit": 7}).json()["items"]) == 7


def test_the_same_request_twice_asks_once(house: Any) -> None:
    report, key = add(house), {"Idempotency-Key": str(uuid4())}
    first, second = (house.as_("manager").post(path(report, "results"), json=DAY, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert len(house.as_("manager").get(path(report, "results")).json()["items"]) == 1
