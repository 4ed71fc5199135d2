"""The command as people and scripts meet it: exit statuses, streams, words."""

import json
import subprocess
import sys
from pathlib import Path
from threading import Event

import msgspec
import pytest
from click.testing import CliRunner, Result
from tagdock_slotting import progress
from tagdock_slotting.cli import main
from tagdock_slotting.plan import Plan

PROBLEM = {
    "v": 1,
    "doors": [{"id": "D1", "x_m": 0, "y_m": 0}],
    "bins": [{"id": f"B{n}", "x_m": n + 1, "y_m": 0, "zone": "warm", "items_at_most": 1} for n in range(4)],
    "items": [{"sku": f"S{n}", "picks_per_day": n} for n in range(3)],
    "current": {f"S{n}": [f"B{n}"] for n in range(3)},
}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(PROBLEM))
    return file


def run(*arguments: object, stdin: str | None = None, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin, env=environment)


def test_solve_prints_the_plan_on_stdout_and_a_summary_on_stderr(problem: Path) -> None:
    done = run("solve", problem)
    assert done.exit_code == 0
    plan = json.loads(done.stdout)
    keys = (
        "v status objective_m_per_day lower_bound_m_per_day current_m_per_day terms assignment moves frontier "
        "broken_rules solver seconds"
    )
    assert list(plan) == keys.split()
    assert list(plan["moves"][0]) == [
        "step",
        "sku",
        "from",
        "to",
        "saves_m_per_day",
        "why",
        "chain",
        "cost_m",
        "payback_days",
    ]
    assert done.stderr.startswith("optimal: ")
    assert msgspec.json.decode(done.stdout, type=Plan).status == "optimal"


def test_a_plan_file_is_evaluated_to_its_own_objective(problem: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("solve", problem, "-o", file).stdout == ""
    judged = json.loads(run("evaluate", problem, "--plan", file, "--json").stdout)
    assert judged["objective_m_per_day"] == pytest.approx(json.loads(file.read_text())["objective_m_per_day"])
    assert list(judged) == ["objective_m_per_day", "terms", "tours_m", "broken_rules"]
    assert list(judged["terms"]) == ["travel", "affinity", "routes", "ergonomics", "moves"]


def test_evaluate_prints_a_table_for_people(problem: Path) -> None:
    assert "objective                8.0 m a day" in run("evaluate", problem).stdout


def test_a_problem_comes_from_stdin_too() -> None:
    assert run("solve", "-", stdin=json.dumps(PROBLEM)).exit_code == 0


def test_every_option_has_an_environment_twin(problem: Path) -> None:
    assert json.loads(run("solve", problem, TAGDOCK_SEED="7").stdout)["solver"].endswith("seed 7")
    for command in ("solve", "evaluate", "work"):
        text = run(command, "--help").stdout
        assert text.count("TAGDOCK_") == text.count("  -") - 1  # all but --help


def test_a_wrong_problem_is_status_2_with_a_line_for_each_finding(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(PROBLEM | {"orders": [["x"], ["y"]]}))
    done = run("solve", file)
    assert done.exit_code == 2
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == [
        "$.orders[0]: unknown SKU 'x'",
        "$.orders[1]: unknown SKU 'y'",
    ]


def test_an_infeasible_problem_is_status_1_and_still_a_plan(tmp_path: Path) -> None:
    items = [{"sku": "S", "zones": ["cold"]}]
    file = tmp_path / "cold.json"
    file.write_text(json.dumps(PROBLEM | {"items": items, "current": {}}))
    done = run("solve", file)
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (1, "infeasible")
    assert "zones: 'S'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["solve", "/no/such/file"],
        ["solve", "/"],
        ["solve", "PROBLEM", "--time-limit", "soon"],
        ["solve", "PROBLEM", "--seed", "-1"],
        ["solve", "PROBLEM", "-o", "/no/such/folder/plan.json"],
        ["evaluate", "PROBLEM", "--plan", "PROBLEM"],
        ["work"],
        ["dance"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_status_2_without_a_traceback(arguments: list[str], problem: Path) -> None:
    done = run(*[str(problem) if argument == "PROBLEM" else argument for argument in arguments])
    assert done.exit_code == 2
    assert done.stderr
    assert "Traceback" not in done.output


def test_a_file_of_a_gigabyte_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as sparse:
        sparse.truncate(2**30)
    done = run("solve", file)
    assert done.exit_code == 2
    assert "has 1,073,741,824 bytes" in done.stderr


def test_a_database_that_is_not_there_is_status_1_and_one_line() -> None:
    command = [sys.executable, "-m", "tagdock_slotting", "work", "--database", "postgresql://u:secret@127.0.0.1:1/x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_what_holds_a_long_search_up_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENT_S", 0.0)
    told = Event()

    def aside() -> str:
        told.set()
        return " compiling"

    with progress.talking("solving", aside):
        assert told.wait(20)
    assert " s ... compiling\n" in capsys.readouterr().err
