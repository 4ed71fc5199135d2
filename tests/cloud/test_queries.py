"""Named queries: found by name, described, whole."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tagdock_cloud
from tagdock_cloud.store.queries import load_queries

ROOT = Path(tagdock_cloud.__file__).parent
PACKAGES = sorted(f"tagdock_cloud.{file.parent.relative_to(ROOT).as_posix()}" for file in ROOT.glob("*/queries.sql"))


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """A function that makes a package with such a file, and returns its name."""

    def write(text: str) -> str:
        package = tmp_path / "subject_under_test"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "queries.sql").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        return package.name

    yield write
    sys.modules.pop("subject_under_test", None)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_subject_has_queries_that_can_be_loaded(package: str) -> None:
    assert load_queries(package)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("-- name: a\n-- One.\nselect 1\n-- name: a\n-- Two.\nselect 2\n", "stands twice", id="twice"),
        pytest.param("-- name: a\nselect 1\n", "needs a description", id="undescribed"),
        pytest.param("-- name: a\n-- Nothing.\n", "needs a description", id="empty"),
        pytest.param("-- part: a\n-- A.\nfrom t\n-- name: a\n-- One.\nselect 1\n", "stands twice", id="part and name"),
        pytest.param("-- name: a\n-- One.\nselect 1 {{b}}\n", "the part b", id="a part that is nowhere"),
        pytest.param("-- name: a\n-- A.\n{{b}}\n-- part: b\n-- B.\nfrom t\n", "the part b", id="a later part"),
    ],
)
def test_a_mistake_in_a_file_is_named(written: Callable[[str], str], text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_queries(written(text))


def test_what_queries_have_in_common_is_put_where_they_say(written: Callable[[str], str]) -> None:
    text = (
        "-- part: shown\n-- What is shown.\nselect a\nfrom t\n-- part: of_site\n-- Where.\n{{shown}}\nwhere s = %(s)s\n"
        "-- name: one\n-- One.\n{{of_site}} limit 1;\n-- name: all\n-- All.\n{{of_site}}\norder by a;\n"
    )
    queries = load_queries(written(text))
    assert queries == {
        "one": "select a\nfrom t\nwhere s = %(s)s limit 1;",
        "all": "select a\nfrom t\nwhere s = %(s)s\norder by a;",
    }


def test_comments_between_statements_are_left_out() -> None:
    queries = load_queries("tagdock_cloud.ingest")
    assert len(queries) > 10
    assert [name for name, query in queries.items() if any(line.startswith("--") for line in query.splitlines())] == []
    query = queries["items_lock"]  # described in two lines
    assert query.startswith("select") and "--" not in query
