"""What `build` writes: the committed files, valid by Grafana's schema and by the house's rules."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tagdock_dashboards import build, files
from tagdock_dashboards.lint import lint

HERE = Path(__file__).parents[2] / "dashboards"


@pytest.fixture(params=list(build.dashboards()))
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    return build.dashboards()[request.param]


def test_committed_files_are_what_build_writes() -> None:
    assert not list(files.stale(build.files(), HERE)), "run: tagdock-dashboards build"


def test_no_generated_file_is_left_over() -> None:
    written = {HERE / path for path in build.files()}
    there = {path for folder in ("generated", "provisioning") for path in (HERE / folder).rglob("*") if path.is_file()}
    assert there == written


def test_building_twice_gives_the_same_text() -> None:
    assert build.files() == build.files()


def test_dashboards_keep_the_rules_of_the_house(board: dict[str, Any]) -> None:
    assert not list(lint(board))


def test_dashboards_follow_grafanas_schema(board: dict[str, Any]) -> None:
    data = os.environ.get("TAGDOCK_TEST_DATA")
    if not data:
        pytest.skip("TAGDOCK_TEST_DATA is not set; it names the folder with schemas/grafana-dashboard.jsonschema.json")
    path = Path(data) / "schemas" / "grafana-dashboard.jsonschema.json"
    if not path.is_file():
        pytest.skip(f"{path} is missing; it comes with grafana/grafana-foundation-sdk")
    schema = json.loads(path.read_text(encoding="utf-8"))
    # The schema's generator writes "anything" as "object" in two places where Grafana's own dashboards hold strings.
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    jsonschema.Draft7Validator(schema).validate(board)


def test_uids_are_what_links_and_bookmarks_hang_on() -> None:
    assert {name: board["uid"] for name, board in build.dashboards().items()} == {
        name: f"tagdock-{name}"
        for name in ("dock", "slotting", "stock", "environment", "fleet", "executive", "after-sales", "sites")
    }


def test_console_address_is_a_constant_of_the_dashboard() -> None:
    board = build.dashboards("https://dock.example.org/")["dock"]
    (variable,) = [v for v in board["templating"]["list"] if v["name"] == "console_url"]
    assert (variable["query"], variable["current"]["value"]) == ("https://dock.example.org", "https://dock.example.org")


def test_a_gateway_without_a_message_is_painted_as_an_alarm() -> None:
    (ages,) = [p for p in build.dashboards()["dock"]["panels"] if p["title"] == "Age of each gateway's last message"]
    steps = ages["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert (steps[0]["value"], steps[0]["color"]) == (None, "red")
    assert [step["color"] for step in steps if step["value"] is not None and step["value"] >= 300] == ["red"]


def test_a_sku_that_looks_like_a_number_stays_a_text(board: dict[str, Any]) -> None:
    """Grafana takes texts of digits for numbers and writes 22536 as 22.5 K, and 0123 as 123, unless told otherwise."""
    for panel in (p for p in board["panels"] if p["type"] == "table"):
        told = {one["matcher"]["id"]: one["properties"] for one in panel["fieldConfig"]["overrides"][:1]}
        assert told == {"byType": [{"id": "unit", "value": "string"}]}, panel["title"]
