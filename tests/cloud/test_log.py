"""The log: a line a fact, whatever is in it, and the names of what it is about as fields."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tagdock_cloud.log import Format, set_up_log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def lines(form: Format, message: str, *arguments: object) -> list[str]:
    stream = io.StringIO()
    set_up_log(form, stream)
    logging.getLogger("tagdock_cloud.test").warning(message, *arguments)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("message", "named"),
    [
        pytest.param("refused batch=s1/g1/e/7: bad", {"batch": "s1/g1/e/7"}, id="a-batch"),
        pytest.param("gone (request=ab12, batch=s1/g1/e/7).", {"request": "ab12", "batch": "s1/g1/e/7"}, id="two"),
        pytest.param("x = 1 and a==b", {}, id="none"),
        pytest.param("refused: message=forged level=debug", {}, id="not-the-lines-own"),
    ],
)
def test_as_json_what_a_line_names_is_a_field(message: str, named: dict[str, str]) -> None:
    [line] = lines("json", message)
    said = json.loads(line)
    assert said.pop("at").endswith("Z")
    assert said == {"level": "warning", "logger": "tagdock_cloud.test", "message": message, **named}


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_came_over_a_wire_stays_on_its_line(form: Format) -> None:
    assert len(lines(form, "refused: %s", "a\n2026-01-01 ERROR forged\r\n")) == 1


def test_a_traceback_is_part_of_its_line_as_json() -> None:
    stream = io.StringIO()
    set_up_log("json", stream)
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("t").exception("failed")
    [line] = stream.getvalue().splitlines()
    assert "ValueError: why" in json.loads(line)["error"]


def test_an_unknown_form_is_bad_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagdock_cloud", "--log-format", "xml", "migrate"], capture_output=True, check=False
    )
    assert done.returncode == 2 and b"xml" in done.stderr
