"""One tag's way through the whole house, with real parts: from the order to the record and the plan."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def assert_clean(ended: Any) -> None:
    """Nothing was lost, doubled or wrong, and each count agrees with the others."""
    report = ended.report
    wrong = {name: report[name] for name in ("lost", "doubled", "wrong_door", "wrong_direction")}
    assert wrong == dict.fromkeys(wrong, 0), report
    assert report["crossings"] == report["order_lines"]
    assert report["crossings"] == report["stored"] + report["uncertain"] + len(report["lost_in_memory"])
    assert report["unexpected"] == []
    assert ended.status == 0, ended.err


@pytest.mark.alone
def test_a_run_is_clean_and_its_second_start_goes_on_with_the_same_data(tmp_path: Path, demo: Any, alive: Any) -> None:
    data = tmp_path / "data"
    first = demo(data, "--for", "15s")
    assert_clean(first)
    assert first.report["stored"] >= 600
    assert 0 < first.report["latency_ms"]["median"] < 15_000
    plan = first.report["plan"]
    assert plan["status"] == "optimal"
    assert plan["objective_m_per_day"] < plan["current_m_per_day"]
    assert re.search(r"console: http://127\.0\.0\.1:\d+/login\?token=\S+", first.err)
    assert "Nothing was lost" in first.out
    assert alive(data) == []

    second = demo(data, "--for", "2s")
    assert_clean(second)
    assert alive(data) == []


@pytest.mark.alone
def test_real_orders_are_played_and_unusable_lines_are_named(tmp_path: Path, demo: Any) -> None:
    file = Path(os.environ.get("TAGDOCK_TEST_DATA", "unset")) / "online_retail_sample.csv.gz"
    if not file.is_file():
        pytest.skip("set TAGDOCK_TEST_DATA to the folder that holds online_retail_sample.csv.gz")
    ended = demo(tmp_path / "data", "--for", "6s", "--orders", str(file))
    assert_clean(ended)
    assert ended.report["unusable_lines"]["not goods: POST"] == 93


@pytest.mark.alone
def test_what_comes_back_at_three_sites_ends_on_record_as_it_is_in_truth(tmp_path: Path, demo: Any) -> None:
    file = Path(os.environ.get("TAGDOCK_TEST_DATA", "unset")) / "online_retail_sample.csv.gz"
    orders = ("--orders", str(file)) if file.is_file() else ()
    ended = demo(tmp_path / "data", "--for", "3s", "--returns", "--sites", "3", *orders, within_s=400.0)
    returns = ended.report["returns"]
    assert returns["differences"] == [], returns["refusals"]
    assert returns["expected"] == returns["agreed"] == sum(returns["by_site"].values())
    assert list(returns["by_site"]) == ["demo", "demo-2", "demo-3"]
    assert min(returns["by_site"].values()) >= 9
    assert set(returns["fates"]) == {
        *("restocked", "repacked", "repaired", "irreparable", "scrapped", "sent back", "never came"),
        *("exchanged", "refused at delivery", "undelivered", "repaired with a part", "sent to another site"),
    }
    assert_clean(ended)


@pytest.mark.alone
def test_own_broker_and_database_give_the_same_result(
    tmp_path: Path, demo: Any, mosquitto: str, postgresql: str
) -> None:
    ended = demo(tmp_path / "data", "--for", "8s", "--broker", mosquitto, "--database", postgresql)
    assert_clean(ended)
    assert not (tmp_path / "data" / "cloud" / "database").exists()


@pytest.mark.alone
def test_killing_each_part_once_loses_and_doubles_nothing(tmp_path: Path, demo: Any) -> None:
    ended = demo(tmp_path / "data", "--for", "25s", "--kill", "gateway,ingest,broker,database")
    assert [kill["what"] for kill in ended.report["killed"]] == ["gateway", "ingest", "broker", "database"]
    assert_clean(ended)
    # The gateway was killed in the middle of its work, and went on from its journal: only what passed while nobody
    # listened may be missing.
    assert "worked on" in (tmp_path / "data" / "logs" / "gateway.log").read_text()
    assert len(ended.report["lost_in_memory"]) < ended.report["crossings"] / 4


@pytest.mark.alone
def test_ctrl_c_ends_with_a_report_and_leaves_nothing_running(tmp_path: Path, start: Any, alive: Any) -> None:
    data = tmp_path / "data"
    process = start(data)
    wait_for(process, "on record")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "What happened" in out
    assert "Traceback" not in out + err
    assert alive(data) == []


@pytest.mark.alone
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, start: Any, alive: Any) -> None:
    data = tmp_path / "data"
    process = start(data)
    wait_for(process, "goods are coming")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    deadline = time.monotonic() + 20
    while left := alive(data):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def wait_for(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--broker", "mqtt://127.0.0.1:9"], 1, r"no broker answers at 127\.0\.0\.1:9; start it"),
        (["--broker", "http://127.0.0.1"], 2, r"must begin with mqtt://"),
        (["--database", "postgresql://nobody:secret@127.0.0.1:9/none"], None, r"127\.0\.0\.1:9"),
        (["--orders", "{corrupt}"], 2, r"corrupt\.csv\.gz, line \d+: can't be unpacked .*download it again"),
        (["--orders", "{missing}"], 2, r"can't be read .*give an existing"),
        (["--for", "soon"], 2, r"no time; write something like 60s"),
        (["--kill", "moon"], 2, r"choose among gateway, ingest, broker, database"),
        (["--broker", "mqtt://127.0.0.1:1", "--kill", "broker"], 2, r"not the demo's own"),
        (["--scenario", "none"], 2, r"is not one of"),
        (["--sites", "3"], 2, r"give --returns, too"),
    ],
    ids=[
        *("no broker there", "no broker address", "no database there", "corrupt orders", "no orders", "no time"),
        *("unknown kill", "kill of another's broker", "unknown scenario", "sites without returns"),
    ],
)
def test_a_mistake_gives_one_clear_line_and_a_status(
    tmp_path: Path, demo: Callable[..., Any], arguments: list[str], status: int | None, words: str
) -> None:
    corrupt = tmp_path / "corrupt.csv.gz"
    corrupt.write_bytes(b"\x1f\x8b\x08\x00" + b"no gzip at all" * 10)
    places = {"corrupt": corrupt, "missing": tmp_path / "none.csv"}
    ended = demo(tmp_path / "data", "--for", "2s", *(one.format(**places) for one in arguments))
    assert ended.status in ((1, 2) if status is None else (status,)), ended.err
    talk = [line for line in ended.err.splitlines() if not line.startswith(("[", "Usage:", "Try ")) and line]
    assert len(talk) == 1, ended.err
    assert re.search(words, talk[0])
    assert "secret" not in ended.err + ended.out
    assert "Traceback" not in ended.err + ended.out


def test_a_taken_http_port_is_named_with_the_remedy(tmp_path: Path, demo: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = demo(tmp_path / "data", "--for", "2s", "--http-port", str(port))
    assert ended.status == 1
    assert f"port {port} is taken" in ended.err
    assert "--http-port" in ended.err


def test_a_bad_gateway_configuration_is_told_line_by_line(tmp_path: Path, programs: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('[gateway]\nid = "gw 1"\nsite = "demo"\nbroker = "mqtt://127.0.0.1:1883"\n')
    command = [str(programs / "tagdock-edge"), "run", "--config", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "gateway.id" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_demo_on_the_same_data_is_refused(tmp_path: Path, start: Any, demo: Any) -> None:
    data = tmp_path / "data"
    process = start(data)
    wait_for(process, "starting the cloud")
    ended = demo(data, "--for", "2s")
    assert ended.status == 1
    assert "another demo runs on" in ended.err
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
