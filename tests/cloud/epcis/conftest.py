"""The interface as in tests/cloud/api, and the duties of EPCIS run when a test says so."""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tagdock_cloud.store import pool


def _load(path: Path) -> ModuleType:
    """Import a helper of the API's tests; pytest's importlib mode puts no folder on the path."""
    spec = importlib.util.spec_from_file_location(f"tagdock_epcis_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_api = _load(Path(__file__).parents[1] / "api" / "conftest.py")
new_database = _api.new_database
helpers = _api.helpers
DATA = Path(os.environ.get("TAGDOCK_TEST_DATA", "/nowhere")) / "epcis"


@pytest.fixture(scope="session")
def service(new_database: Callable[[], str]) -> Iterator[Any]:
    """An interface that all of these tests share: each asks for EPCs of its own."""
    with _api.serving(new_database()) as running:
        running.sql("insert into sites (site) values ('here'), ('there')")
        yield running


@pytest.fixture
def run(service: Any) -> Callable[..., None]:
    """A function that does a duty once, as a worker does."""

    def do(duty: Callable[[Any], None]) -> None:
        with pool.connect(service.database) as connection:
            duty(connection)

    return do


@pytest.fixture(scope="session")
def schema() -> Any:
    """GS1's own schema, with times and URIs checked."""
    jsonschema = pytest.importorskip("jsonschema")
    file = DATA / "EPCIS-JSON-Schema.json"
    if not file.exists():
        pytest.skip("TAGDOCK_TEST_DATA names no folder with epcis/EPCIS-JSON-Schema.json")
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    return jsonschema.Draft7Validator(json.loads(file.read_text()), format_checker=checker)


@pytest.fixture
def ship(service: Any, helpers: ModuleType) -> Callable[[list[str]], None]:
    """A function that stores that items went out, all in one go."""

    def store(epcs: list[str]) -> None:
        at = datetime.now(UTC) - timedelta(minutes=1)
        helpers.add_movements(service, [helpers.movement(at, epc, site="here", direction="out") for epc in epcs])

    return store


@pytest.fixture
def move(service: Any, helpers: ModuleType) -> Callable[..., dict[str, Any]]:
    """A function that stores one movement as ingest does, so many seconds ago, and returns it."""

    def store(epc: str, ago_s: float = 60.0, **fields: Any) -> dict[str, Any]:
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        movement: dict[str, Any] = helpers.movement(at, epc, **{"site": "here", **fields})
        helpers.add_movements(service, [movement])
        return movement

    return store
