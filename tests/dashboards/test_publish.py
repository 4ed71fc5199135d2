"""Publishing into a Grafana: idempotent, and never over what a person changed."""

from collections.abc import Callable
from typing import Any

import pytest
from tagdock_dashboards import alarms, build
from tagdock_dashboards.errors import GrafanaError
from tagdock_dashboards.provisioning import api_data_source
from tagdock_dashboards.publish import MARK, Publisher, fingerprint

UID = "tagdock-dock"
SOURCE = api_data_source("postgresql://grafana@db/tagdock", "s3cret", timescaledb=True)


@pytest.fixture
def dock() -> dict[str, Any]:
    return build.dashboards()["dock"]


@pytest.fixture
def publisher(grafana: Any, client: Any) -> Callable[..., Publisher]:
    """Make a publisher for a Grafana that has the folder."""
    grafana.folders["tagdock"] = {"uid": "tagdock", "title": "Tagdock"}
    return lambda **options: Publisher(client(), **options)


def writes(grafana: Any) -> list[str]:
    return [line for line in grafana.asked if not line.startswith("GET")]


def test_a_new_dashboard_is_created_in_the_folder(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    assert publisher().dashboard(dock, "tagdock").action == "create"
    (version,) = grafana.boards[UID]
    assert (version["folderUid"], version["message"]) == ("tagdock", MARK + fingerprint(dock))
    assert version["data"] | {"id": None, "version": 0} == dock | {"id": None, "version": 0}


def test_publishing_again_writes_nothing(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.asked.clear()
    assert publisher().dashboard(dock, "tagdock").action == "unchanged"
    assert writes(grafana) == []


def test_a_new_build_replaces_an_older_one(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    publisher().dashboard(dock, "tagdock")
    step = publisher().dashboard(dock | {"title": "Dock 2"}, "tagdock")
    assert (step.action, grafana.boards[UID][-1]["data"]["title"]) == ("update", "Dock 2")
    assert any('"Dock 2"' in line for line in step.diff)


@pytest.mark.parametrize("versions_as_list", [True, False], ids=["before Grafana 11", "since Grafana 11"])
def test_what_a_person_saved_is_left_alone(
    grafana: Any, publisher: Any, dock: dict[str, Any], versions_as_list: bool
) -> None:
    grafana.versions_as_list = versions_as_list
    publisher().dashboard(dock, "tagdock")
    grafana.save_as_person(UID, title="Ann's dock")
    step = publisher().dashboard(dock, "tagdock")
    assert (step.action, grafana.boards[UID][-1]["data"]["title"]) == ("left alone", "Ann's dock")
    assert "ann" in step.why and any("Ann's dock" in line for line in step.diff)


def test_a_person_who_changed_it_back_changed_nothing(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.save_as_person(UID, title="Ann's dock")
    grafana.save_as_person(UID, title=dock["title"])
    assert publisher().dashboard(dock, "tagdock").action == "unchanged"


def test_force_writes_over_a_persons_change(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.save_as_person(UID, title="Ann's dock")
    assert publisher(force=True).dashboard(dock, "tagdock").action == "update"
    assert grafana.boards[UID][-1]["data"]["title"] == dock["title"]
    assert publisher().dashboard(dock, "tagdock").action == "unchanged"


@pytest.mark.parametrize("force", [True, False])
def test_a_person_who_saves_between_reading_and_writing_wins(
    grafana: Any, publisher: Any, dock: dict[str, Any], force: bool
) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.before_save = lambda: grafana.save_as_person(UID, title="Ann's dock")
    with pytest.raises(GrafanaError, match=r"412.*saved it at this very moment"):
        publisher(force=force).dashboard(dock | {"title": "Dock 2"}, "tagdock")
    assert grafana.boards[UID][-1]["data"]["title"] == "Ann's dock"


def test_a_dashboard_stays_in_the_folder_that_a_person_moved_it_to(
    grafana: Any, publisher: Any, dock: dict[str, Any]
) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.folders["ann"] = {"uid": "ann", "title": "Ann"}
    grafana.boards[UID][-1]["folderUid"] = "ann"
    publisher().dashboard(dock | {"title": "Dock 2"}, "tagdock")
    assert grafana.boards[UID][-1]["folderUid"] == "ann"


def test_a_provisioned_dashboard_is_left_to_its_file(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    publisher().dashboard(dock, "tagdock")
    grafana.provisioned.add(UID)
    step = publisher(force=True).dashboard(dock | {"title": "Dock 2"}, "tagdock")
    assert (step.action, "file" in step.why) == ("left alone", True)


def test_a_dry_run_writes_nothing_and_shows_the_difference(grafana: Any, publisher: Any, dock: dict[str, Any]) -> None:
    dry = publisher(dry_run=True)
    assert (dry.dashboard(dock, "tagdock").action, dry.data_source(SOURCE).action) == ("create", "create")
    del grafana.folders["tagdock"]
    assert dry.folder("tagdock", "Tagdock").action == "create"
    assert writes(grafana) == []
    grafana.folders["tagdock"] = {"uid": "tagdock"}
    publisher().dashboard(dock, "tagdock")
    grafana.asked.clear()
    assert any(line.startswith('+ "title": "Dock 2"') for line in dry.dashboard(dock | {"title": "Dock 2"}, "x").diff)
    assert writes(grafana) == []


def test_the_folder_is_made_once_and_keeps_its_title(grafana: Any, publisher: Any) -> None:
    target = publisher()
    grafana.folders.clear()
    assert target.folder("tagdock", "Tagdock").action == "create"
    grafana.folders["tagdock"]["title"] = "Ann's folder"
    assert target.folder("tagdock", "Tagdock").action == "unchanged"
    assert grafana.folders["tagdock"]["title"] == "Ann's folder"


def test_the_data_source_is_made_once(grafana: Any, publisher: Any) -> None:
    assert publisher().data_source(SOURCE).action == "create"
    assert grafana.sources["tagdock"]["jsonData"]["timescaledb"] is True
    grafana.asked.clear()
    assert publisher().data_source(SOURCE).action == "unchanged"
    assert writes(grafana) == []


def test_a_data_source_that_a_person_changed_is_left_alone(grafana: Any, publisher: Any) -> None:
    publisher().data_source(SOURCE)
    grafana.sources["tagdock"]["jsonData"]["maxOpenConns"] = 99
    step = publisher().data_source(SOURCE)
    assert (step.action, "maxOpenConns" in step.why) == ("left alone", True)
    assert publisher(force=True).data_source(SOURCE).action == "update"
    assert grafana.sources["tagdock"]["jsonData"]["maxOpenConns"] == 8


def test_a_provisioned_data_source_is_left_to_its_file(grafana: Any, publisher: Any) -> None:
    publisher().data_source(SOURCE)
    grafana.sources["tagdock"] |= {"readOnly": True}
    assert publisher(force=True).data_source(SOURCE).action == "unchanged"
    grafana.sources["tagdock"] |= {"user": "else"}
    assert publisher(force=True).data_source(SOURCE).action == "left alone"


def test_the_fingerprint_speaks_of_the_content_alone(dock: dict[str, Any]) -> None:
    assert fingerprint(dock | {"id": 3, "version": 9}) == fingerprint(dock)
    assert fingerprint(dock | {"refresh": "1m"}) != fingerprint(dock)


@pytest.fixture
def rule() -> dict[str, Any]:
    return alarms.rule(alarms.ALARMS[0], "tagdock", None)


def test_an_alert_rule_is_created_once_though_grafana_rewrites_it(grafana: Any, publisher: Any, rule: Any) -> None:
    assert publisher().alert_rule(rule).action == "create"
    assert grafana.rules[rule["uid"]]["data"] != rule["data"]
    grafana.asked.clear()
    assert publisher().alert_rule(rule).action == "unchanged"
    assert writes(grafana) == []


def test_a_new_build_of_an_alert_rule_stays_in_the_folder_where_it_was_moved(
    grafana: Any, publisher: Any, rule: Any
) -> None:
    publisher().alert_rule(rule)
    grafana.rules[rule["uid"]]["folderUID"] = "elsewhere"
    step = publisher().alert_rule(rule | {"for": "10m"})
    stored = grafana.rules[rule["uid"]]
    assert (step.action, stored["for"], stored["folderUID"]) == ("update", "10m", "elsewhere")


@pytest.mark.parametrize(("provenance", "forced"), [("", "update"), ("file", "left alone")])
def test_an_alert_rule_that_is_not_ours_to_change_is_left_alone(
    grafana: Any, publisher: Any, rule: Any, provenance: str, forced: str
) -> None:
    """Without provenance a person took it over; with `file` it belongs to the files of that Grafana."""
    publisher().alert_rule(rule)
    grafana.rules[rule["uid"]] |= {"provenance": provenance, "annotations": {"summary": "mine"}}
    assert publisher().alert_rule(rule).action == "left alone"
    assert grafana.rules[rule["uid"]]["annotations"] == {"summary": "mine"}
    assert publisher(force=True).alert_rule(rule).action == forced


def test_a_dry_run_writes_no_alert_rule(grafana: Any, publisher: Any, rule: Any) -> None:
    assert publisher(dry_run=True).alert_rule(rule).action == "create"
    assert (grafana.rules, writes(grafana)) == ({}, [])
