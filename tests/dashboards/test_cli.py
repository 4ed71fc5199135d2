"""The program as a user runs it: exit status, stdout for results, stderr for talk, no traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tagdock_dashboards import build, files
from tagdock_dashboards.alarms import ALARMS
from tagdock_dashboards.cli import main

Run = Callable[..., Result]
BOARDS_RULES_AND_TWO = len(build.dashboards()) + len(ALARMS) + 2
"""What publishing touches: each dashboard and alert rule, the folder and the data source."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("TAGDOCK_GRAFANA_TOKEN", "TAGDOCK_DATA_SOURCE_PASSWORD", "TAGDOCK_DATABASE"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: object, **env: str) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback"
        return result

    return invoke


def test_build_writes_all_files_and_names_them(run: Run, tmp_path: Path) -> None:
    result = run("build", "-o", tmp_path)
    assert (result.exit_code, result.stdout.split()) == (0, [str(tmp_path / path) for path in build.files()])
    assert run("build", "-o", tmp_path).stdout == ""


def test_build_check_tells_stale_files(run: Run, tmp_path: Path) -> None:
    result = run("build", "--check", "-o", tmp_path)
    assert (result.exit_code, f"{len(build.files())} files are stale" in result.stderr, list(tmp_path.iterdir())) == (
        1,
        True,
        [],
    )


def test_build_takes_the_consoles_address(run: Run, tmp_path: Path) -> None:
    run("build", "-o", tmp_path, TAGDOCK_CONSOLE_URL="https://dock.example.org")
    assert "https://dock.example.org" in (tmp_path / "generated" / "dock.json").read_text()
    assert run("build", "-o", tmp_path, "--console-url", "javascript:alert(1)").exit_code == 2


def test_check_prints_a_line_a_query_and_a_sum(run: Run, filled_url: str) -> None:
    result = run("check", "--database", filled_url)
    assert result.exit_code == 0, result.output
    *lines, total = result.stdout.splitlines()
    assert all(line.startswith("ok") for line in lines)
    assert total.startswith(f"{len(lines)} queries, 0 failed, 0 rules broken")


def test_check_fails_and_names_dashboard_panel_and_query(
    run: Run, filled_url: str, tmp_path: Path, board: Callable[..., dict[str, Any]]
) -> None:
    (tmp_path / "trial.json").write_text(json.dumps(board("SELECT 1 AS n WHERE false", "stat")))
    result = run("check", "--database", filled_url, "--generated", tmp_path)
    assert result.exit_code == 1
    assert "FAIL  Trial / One / A" in result.stdout and "returns no data" in result.stdout
    assert "trial: panel 'One': has no unit" in result.stdout


def test_check_answers_in_json(run: Run, database_with: Callable[[str], str]) -> None:
    url = database_with("ALTER VIEW duties_v1 RENAME COLUMN took_s TO took;")
    result = run("check", "--json", TAGDOCK_DATABASE=url)
    answer = json.loads(result.stdout)
    (failed,) = [finding for finding in answer["findings"] if finding["problems"]]
    assert (result.exit_code, answer["failed"], failed["panel"]) == (1, 1, "Due work")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        pytest.param(["check"], 2, "--database", id="no database"),
        pytest.param(["check", "--database", "postgresql://127.0.0.1:1/x"], 1, "check --database", id="no server"),
        pytest.param(
            ["check", "--database", "x", "--generated", "/nowhere"], 2, "tagdock-dashboards build", id="folder"
        ),
        pytest.param(["publish"], 2, "--grafana", id="no Grafana"),
        pytest.param(["publish", "--grafana", "http://127.0.0.1:1"], 2, "TAGDOCK_GRAFANA_TOKEN", id="no token"),
        pytest.param(
            ["publish", "--grafana", "http://h", "--token-file", "/nowhere"],
            2,
            "--token-file /nowhere",
            id="token file",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_with_a_remedy(run: Run, arguments: list[str], status: int, says: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in result.stderr


def test_a_period_that_is_none_is_bad_usage(run: Run, filled_url: str) -> None:
    result = run("check", "--database", filled_url, "--from", "yesterday")
    assert (result.exit_code, "'yesterday' is no moment" in result.stderr) == (2, True)


def test_publish_then_publish_again(run: Run, grafana: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(grafana.token + "\n")
    arguments = ["publish", "--grafana", grafana.url, "--token-file", tmp_path / "token", "--json"]
    source = {"TAGDOCK_DATA_SOURCE": "postgresql://g@db/tagdock", "TAGDOCK_DATA_SOURCE_PASSWORD": "s3cret"}
    first = run(*arguments, **source)
    assert (first.exit_code, [step["action"] for step in json.loads(first.stdout)]) == (
        0,
        ["create"] * BOARDS_RULES_AND_TWO,
    )
    again = run(*arguments, **source)
    assert (again.exit_code, [step["action"] for step in json.loads(again.stdout)]) == (
        0,
        ["unchanged"] * BOARDS_RULES_AND_TWO,
    )
    assert "s3cret" not in first.output + again.output and grafana.token not in first.output + again.output


def test_publish_says_what_it_left_alone(run: Run, grafana: Any) -> None:
    environment = {"TAGDOCK_GRAFANA": grafana.url, "TAGDOCK_GRAFANA_TOKEN": grafana.token}
    assert run("publish", **environment).exit_code == 0
    grafana.save_as_person("tagdock-dock", title="Ann's dock")
    result = run("publish", **environment)
    assert result.exit_code == 1
    assert "left alone: dashboard tagdock-dock" in result.stdout and "Ann's dock" in result.stdout
    assert "would update" in run("publish", "--force", "--dry-run", **environment).stdout
    assert run("publish", "--force", **environment).exit_code == 0


def test_publish_warns_of_a_missing_data_source(run: Run, grafana: Any) -> None:
    result = run("publish", TAGDOCK_GRAFANA=grafana.url, TAGDOCK_GRAFANA_TOKEN=grafana.token)
    assert "--data-source" in result.stderr


def test_publish_takes_files(run: Run, grafana: Any, tmp_path: Path) -> None:
    files.write(build.files("https://else.example.org"), tmp_path)
    environment = {"TAGDOCK_GRAFANA": grafana.url, "TAGDOCK_GRAFANA_TOKEN": grafana.token}
    run("publish", "--generated", tmp_path / "generated", **environment)
    assert "https://else.example.org" in json.dumps(grafana.boards)


def test_publish_tells_the_contact_point_that_is_there(run: Run, grafana: Any) -> None:
    environment = {"TAGDOCK_GRAFANA": grafana.url, "TAGDOCK_GRAFANA_TOKEN": grafana.token}
    missing = run("publish", "--contact-point", "dock-chief", **environment)
    assert (missing.exit_code, "no contact point 'dock-chief'" in missing.stderr) == (2, True)
    assert not grafana.rules
    grafana.contact_points.append("dock-chief")
    assert run("publish", "--contact-point", "dock-chief", **environment).exit_code == 0
    assert {rule["notification_settings"]["receiver"] for rule in grafana.rules.values()} == {"dock-chief"}


def test_publish_leaves_alert_rules_out_where_the_role_does_not_allow_them(run: Run, grafana: Any) -> None:
    grafana.trouble["provisioning"] = 403
    environment = {"TAGDOCK_GRAFANA": grafana.url, "TAGDOCK_GRAFANA_TOKEN": grafana.token}
    refused = run("publish", **environment)
    assert (refused.exit_code, "Admin for data sources, alerts" in refused.stderr) == (1, True)
    assert run("publish", "--no-alerts", **environment).exit_code == 0


def test_preview_draws_each_dashboard(run: Run, filled_url: str, tmp_path: Path) -> None:
    result = run("preview", "--database", filled_url, "--output", tmp_path / "png")
    assert result.exit_code == 0, result.output
    drawn = {path.stem: path.read_bytes() for path in (tmp_path / "png").glob("*.png")}
    assert set(drawn) == set(build.dashboards())
    assert all(png.startswith(b"\x89PNG") and len(png) > 20_000 for png in drawn.values())


@pytest.mark.parametrize("width", [390, 1920], ids=["a-phone", "a-wall"])
def test_preview_is_as_wide_as_it_is_told(run: Run, filled_url: str, tmp_path: Path, width: int) -> None:
    result = run(
        "preview", "--database", filled_url, "--output", tmp_path, "--dashboard", "executive", "--width", str(width)
    )
    assert result.exit_code == 0, result.output
    png = (tmp_path / "executive.png").read_bytes()
    across, down = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    assert across == width
    assert (down > 3 * width) == (width < 768), "on a phone one panel stands under the other"


def test_preview_of_an_unknown_dashboard_names_those_there_are(run: Run, filled_url: str, tmp_path: Path) -> None:
    result = run("preview", "--database", filled_url, "--output", tmp_path, "--dashboard", "cellar")
    assert (result.exit_code, "'cellar'; there are dock, " in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["build", "check", "preview", "publish"])
def test_every_option_shows_its_environment_twin(command: str) -> None:
    for option in main.commands[command].params:
        flag = next(name for name in option.opts if name.startswith("--"))
        assert option.envvar == "TAGDOCK_" + flag.removeprefix("--").replace("-", "_").upper(), flag
        assert getattr(option, "show_envvar", False), flag
