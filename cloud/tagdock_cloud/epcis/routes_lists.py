"""The top-level resources: event types, EPCs, steps, dispositions, places; and the events of each member."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tagdock_cloud.epcis.find import Span
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.epcis.paging import NextPage, PerPage, link, read_page, read_token
from tagdock_cloud.epcis.render import collection
from tagdock_cloud.epcis.routes_events import LISTS, events_answer, question_asked, rows_of
from tagdock_cloud.epcis.talk import ROOT, Asked, Viewing, answer, negotiate, trouble
from tagdock_cloud.epcis.words import BIZ_STEPS, DISPOSITIONS, EVENT_TYPES
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database
from tagdock_cloud.web.parameters import ReadsAll

_SQL = load_queries("tagdock_cloud.epcis")
_WORDS = {"bizSteps": ("biz_step", BIZ_STEPS), "dispositions": ("disposition", DISPOSITIONS)}

router = APIRouter(prefix=ROOT, tags=["epcis"], include_in_schema=False, dependencies=[Depends(negotiate)])


async def _members(asked: Asked, name: str, after: str | None, rows: int) -> list[str]:
    """Return the members of a resource after one of them, in order."""
    values: dict[str, Any] = {"sites": asked.caller.listed, "after": after, "rows": rows}
    if name == "eventTypes":
        return [kind for kind in EVENT_TYPES if after is None or kind > after]
    if name == "epcs":
        return [row["epc"] for row in await asked.db.all(_SQL["known_epcs"], values)]
    if name in _WORDS:
        field, standard = _WORDS[name]
        found = {row["value"] for row in await asked.db.all(_SQL["captured_words"], values | {"field": field})}
        members = found | standard
    else:
        members = await _places(asked.db, values, name)
    return sorted(member for member in members if after is None or member > after)


async def _places(db: Database, values: dict[str, Any], name: str) -> set[str]:
    field = "read_point" if name == "readPoints" else "biz_location"
    members = {row["value"] for row in await db.all(_SQL["captured_words"], values | {"field": field})}
    rows = await db.all(_SQL["known_places"], values)
    namings = await _namings(db, sorted({row["site"] for row in rows}))
    for row in rows:
        if name == "readPoints" or row["place"].startswith("bin/"):
            members.add(namings[row["site"]].uri(row["place"]))
        if name == "bizLocations":
            members.add(namings[row["site"]].uri(None))
    return members


async def _namings(db: Database, sites: list[str]) -> dict[str, Naming]:
    """Return how sites and all their places are called now."""
    own = {row["site"]: row for row in await db.all(_SQL["sites_all_named"], {"named": sites})}
    places: dict[str, dict[str, Any]] = {site: {} for site in sites}
    for row in await db.all(_SQL["places_all_named"], {"named": sites}):
        places[row["site"]][row["place"]] = row
    return {site: Naming(site, own.get(site, {}), places[site]) for site in sites}


def _lister(name: str) -> Callable[..., Any]:
    async def list_members(asked: Viewing, per_page: PerPage = "30", token: NextPage = None) -> Response:
        """List the members of a resource in order."""
        shown, _ = read_page(per_page, None)
        (after,) = read_token(token, str)
        members = await _members(asked, name, after, shown + 1)
        headers = link(asked.request, [members[shown - 1]]) if len(members) > shown else {}
        told = members[:shown]
        if name == "epcs" and asked.epc_format == "Always_GS1_Digital_Link":
            told = list(dict.fromkeys(map(canonical, told)))
        return answer(asked.request, collection(told), headers=headers)

    return list_members


def _shower(name: str) -> Callable[..., Any]:
    async def show_member(asked: Viewing, value: str) -> Response:
        """Say that there are events of a member."""
        question = await question_asked(asked.db, {LISTS[name]: [value]})
        if not await rows_of(asked, question, Span(1)):
            raise trouble(404, "NoSuchResourceException", f"{name}: nothing is known of {value[:200]!r}")
        return answer(asked.request, collection(["events"]))

    return show_member


def _teller(name: str) -> Callable[..., Any]:
    async def list_events_of(asked: Viewing, value: str) -> Response:
        """Answer a query about the events of one member."""
        return await events_answer(asked, {LISTS[name]: [value]})

    return list_events_of


for _name in LISTS:
    router.add_api_route(f"/{_name}", _lister(_name), methods=["GET"])
    router.add_api_route(
        f"/{_name}/{{value:path}}/events", _teller(_name), methods=["GET"], dependencies=[Depends(ReadsAll())]
    )
    router.add_api_route(f"/{_name}/{{value:path}}", _shower(_name), methods=["GET"])
