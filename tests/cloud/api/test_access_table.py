"""docs/access.md is the truth about who may do what: every route, with every role, here and elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tagdock_cloud.access.guard import Require, declared
from tagdock_cloud.access.roles import ALL_RIGHTS, RIGHTS, ROLES
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig

PAGE = Path(__file__).resolve().parents[3] / "docs/access.md"
HERE, ELSEWHERE = "here", "elsewhere"
EVERYBODY: list[Any] = [None, *ROLES]
VALUES = {"epc": "urn:epc:id:sgtin:9521234.000001.1", "site": HERE}
UUID = "00000000-0000-4000-8000-000000000000"
EPC_ELSEWHERE = "urn:epc:id:sgtin:9521234.000001.9"
TWO_SITES = f"""
    insert into sites (site) values ('here'), ('elsewhere');
    insert into gateways (site, gateway) values ('here', 'g1'), ('elsewhere', 'g1');
    insert into items (epc, site, state, since) values ('{EPC_ELSEWHERE}', 'elsewhere', 'in_progress', now());
    insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence)
    values ('elsewhere', now(), gen_random_uuid(), 'g1', '{EPC_ELSEWHERE}', '30', 'D1', 'in', 1);
    insert into plans (plan_id, site, asked_by, request)
    values ('00000000-0000-4000-8000-00000000000e', 'elsewhere', 'x', '{{"site": "elsewhere"}}');
"""
BODIES: dict[str, Any] = {"/api/v1/skus": {"items": []}, "/api/v1/lanes": {"items": []}}
"""Bodies without which an answer says nothing of the caller; elsewhere an empty object does."""


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def table(first: str) -> Iterator[list[str]]:
    """Yield the rows of the table whose first column is called so."""
    lines = iter(PAGE.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first} |"):
            yield cells(line)
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return
                yield cells(row)


def routes_of(app: Any) -> Iterator[APIRoute]:
    def walk(routes: Any) -> Iterator[APIRoute]:
        for route in routes:
            if isinstance(route, APIRoute):
                yield route
            yield from walk(getattr(getattr(route, "original_router", None), "routes", ()))

    return walk(app.routes)


def described(route: APIRoute, method: str) -> tuple[str, str, str, str]:
    """Return a row as a route declares it; the last cell as far as its shape tells."""
    wants = declared(route)
    rights = {want.right for want in wants if isinstance(want, Require)}
    right = next(iter(rights - {"read"} or rights), "everybody" if wants else "nobody")  # who has another, may read
    queries = {field.alias for dependant in _dependants(route.dependant) for field in dependant.query_params}
    sites = "path" if "{site}" in route.path else "query" if "site" in queries else "?"
    return method, route.path, right, sites


def _dependants(dependant: Any) -> Iterator[Any]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _dependants(inner)


APP = create_app(ApiConfig("postgresql://nowhere"))
FOUND = {
    (method, route.path): described(route, method)
    for route in routes_of(APP)
    for method in sorted(route.methods - {"HEAD"})
}
ROWS = {(method, path): (right, sites) for method, path, right, sites in list(table("method"))[1:]}


def test_the_page_has_the_rights_that_the_code_has() -> None:
    head, *rows = table("right")
    shown = {row[0]: {role for role, cell in zip(head[2:], row[2:], strict=True) if cell == "yes"} for row in rows}
    assert shown == {right: set(RIGHTS[right]) for right in ALL_RIGHTS} and set(head[2:]) == set(ROLES)


def test_the_page_names_every_route_with_the_right_that_it_declares() -> None:
    def told(row: tuple[str, str, str, str]) -> str:
        return "| {} | `{}` | {} | {} |".format(*row)

    page = {told((*key, *rest)) for key, rest in ROWS.items()}
    app = {told((*row[:3], ROWS.get(row[:2], ("", "?"))[1] if row[3] == "?" else row[3])) for row in FOUND.values()}
    assert sorted(app - page) == [], "add these rows to docs/access.md (? : how sites limit it)"
    assert sorted(page - app) == [], "no route answers to these rows of docs/access.md"


def test_the_description_has_the_routes_that_the_page_has(closed: Any) -> None:
    paths = closed.as_("viewer").get("/api/v1/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    page = {(method, re.sub(r":\w+\}", "}", path)) for method, path in ROWS}
    assert described <= page
    assert {path for _, path in page - described if path.startswith("/api/")} == {"/api/v1/openapi.json"}


def test_a_route_that_declares_nothing_lets_nobody_in(service: Any) -> None:
    assert [key for key, row in FOUND.items() if row[2] == "nobody"] == []
    app = service.server.config.app
    app.add_api_route("/forgotten", lambda: "secret", methods=["GET"])
    answer = service.as_("admin").get("/forgotten")
    assert answer.status_code == 403 and "secret" not in answer.text


@pytest.fixture(scope="module")
def closed(new_database: Any, served: Any) -> Any:
    """A service with something at two sites."""
    with served(new_database()) as running:
        running.sql(TWO_SITES)
        yield running


def send(client: Any, method: str, path: str, **query: str) -> int:
    """Send a request that nobody can hold against the caller but for who it is; a stream is only opened."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return query.pop(name, None) or VALUES.get(name) or (UUID if name.endswith("_id") else "none")

    address = re.sub(r"\{(\w+)(?::\w+)?\}", value, path)
    content: dict[str, Any] = {}
    if method in {"POST", "PUT", "PATCH"}:
        content = {"json": BODIES.get(path, {})} if path.startswith(("/api/", "/epcis/")) else {"data": {}}
    with client.stream(method, address, params=query, **content) as answer:
        status = int(answer.status_code)
    client.cookies.clear()
    return status


def lets_in(right: str, role: Any, *, is_open: bool) -> bool:
    if right == "everybody":
        return True
    if role is None:
        return is_open and right == "read"
    return role in RIGHTS[right]  # type: ignore[index]


@pytest.mark.parametrize("key", ROWS, ids=" ".join)
def test_every_route_lets_in_the_roles_that_the_page_says(closed: Any, key: tuple[str, str]) -> None:
    right = ROWS[key][0]
    for role in EVERYBODY:
        check(send(closed.as_(role), *key), right, role, is_open=False)


def test_in_lab_mode_nobody_in_particular_reads_and_no_more(new_database: Any, served: Any) -> None:
    with served(new_database(), is_open=True) as lab:
        for key, (right, _) in ROWS.items():
            check(send(lab.as_(None), *key), right, None, is_open=True)


def check(status: int, right: str, role: Any, *, is_open: bool) -> None:
    if lets_in(right, role, is_open=is_open):
        assert (status not in (401, 403) or right == "everybody") and status < 500, (role, status)
    else:
        assert status == (401 if role is None and not is_open else 403), (role, status)


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row[1] in ("path", "query", "all")], ids=" ".join)
def test_every_route_keeps_a_caller_to_its_sites(closed: Any, key: tuple[str, str]) -> None:
    right, sites = ROWS[key]
    for role in sorted(RIGHTS[right]):  # type: ignore[index]
        client = closed.as_(role, HERE)
        if sites == "all":
            assert send(client, *key) == 403
        else:
            assert send(client, *key, site=HERE) not in (401, 403)
            assert send(client, *key, site=ELSEWHERE) == 403


LISTS = [path for (method, path), row in ROWS.items() if method == "GET" and row[1] in ("query", "theirs")]


def test_no_list_shows_what_is_of_another_site(closed: Any) -> None:
    shown = set()
    for path in LISTS:
        if "stream" in path or "{" in path:
            continue
        assert ELSEWHERE not in closed.as_("admin", HERE).get(path, params={"q": EPC_ELSEWHERE}).text, path
        if ELSEWHERE in closed.as_("admin").get(path).text:
            shown.add(path)
    assert shown >= {f"/api/v1/{name}" for name in ("sites", "gateways", "items", "movements", "plans", "stock")}
