"""Named queries: found by name, described, whole."""

import importlib
import sys
from pathlib import Path

import pytest
import tagdock_cloud
from tagdock_cloud.store.queries import load_queries

ROOT = Path(tagdock_cloud.__file__).parent
PACKAGES = sorted(f"tagdock_cloud.{file.parent.relative_to(ROOT).as_posix()}" for file in ROOT.glob("*/queries.sql"))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_subject_has_queries_that_can_be_loaded(package: str) -> None:
    assert load_queries(package)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("-- name: a\n-- One.\nselect 1\n-- name: a\n-- Two.\nselect 2\n", "stands twice", id="twice"),
        pytest.param("-- name: a\nselect 1\n", "needs a description", id="undescribed"),
        pytest.param("-- name: a\n-- Nothing.\n", "needs a description", id="empty"),
    ],
)
def test_a_mistake_in_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    package = tmp_path / "subject_under_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "queries.sql").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    with pytest.raises(ValueError, match=complaint):
        load_queries("subject_under_test")
    sys.modules.pop("subject_under_test", None)


def test_comments_between_statements_are_left_out() -> None:
    queries = load_queries("tagdock_cloud.ingest")
    assert len(queries) > 10
    assert [name for name, query in queries.items() if any(line.startswith("--") for line in query.splitlines())] == []
    query = queries["items_lock"]  # described in two lines
    assert query.startswith("select") and "--" not in query
