"""Reading and writing files."""

from pathlib import Path

import pytest
from tagdock_dashboards import files
from tagdock_dashboards.errors import ConfigurationError

TEXTS = {Path("a/one.json"): "{}\n", Path("two.yaml"): "x: é\n"}


def test_writing_makes_folders_and_names_what_changed(tmp_path: Path) -> None:
    assert files.write(TEXTS, tmp_path) == list(TEXTS)
    assert files.write(TEXTS, tmp_path) == []
    (tmp_path / "two.yaml").write_text("x: 1\n")
    assert list(files.stale(TEXTS, tmp_path)) == [Path("two.yaml")]
    assert files.write(TEXTS, tmp_path) == [Path("two.yaml")]


def test_dashboards_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "dock.json").write_text('{"uid": "x", "panels": []}')
    assert files.read_dashboards(tmp_path) == {"dock": {"uid": "x", "panels": []}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("{", "cannot be read as JSON", id="no JSON"),
        pytest.param("[" * 100_000, "cannot be read as JSON", id="nested without end"),
        pytest.param("\xff", "cannot be read as JSON", id="no UTF-8"),
        pytest.param("[]", "has to be an object", id="a list"),
        pytest.param("null", "is no dashboard", id="nothing"),
        pytest.param('{"panels": []}', "a uid is expected", id="no uid"),
        pytest.param('{"uid": "x", "panels": 1}', r"\$.panels has to be a list", id="panels"),
        pytest.param('{"uid": "x", "panels": [1]}', r"\$.panels\[0\] has to be an object", id="a panel"),
        pytest.param('{"uid": "x", "panels": [null]}', r"\$.panels\[0\] has to be an object", id="a null panel"),
        pytest.param('{"uid": "x", "panels": [{"targets": ["S"]}]}', r"targets\[0\] has to be an object", id="query"),
        pytest.param('{"uid": "x", "panels": [{"gridPos": {"x": "1"}}]}', r"x has to be a whole number", id="place"),
        pytest.param('{"uid": "x", "panels": [{"maxDataPoints": true}]}', "has to be a whole number", id="a truth"),
        pytest.param('{"uid": "x", "time": {"from": 5}}', r"\$.time.from has to be a text", id="period"),
        pytest.param('{"uid": "x", "templating": {"list": {}}}', r"list has to be a list", id="variables"),
        pytest.param('"' + "x" * 5_000_001 + '"', "more than 5,000,000 bytes", id="too large"),
    ],
)
def test_what_is_no_dashboard_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigurationError, match=says) as caught:
        files.read_dashboards(tmp_path)
    assert "bad.json" in str(caught.value)


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tagdock-dashboards build"):
        files.read_dashboards(tmp_path)
