"""The top-level resources: event types, EPCs, steps, dispositions, places; and the events of each member."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tagdock_cloud.epcis.find import Span
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.paging import link, read_page, read_token
from tagdock_cloud.epcis.places import uri_of_place, uri_of_site
from tagdock_cloud.epcis.render import collection
from tagdock_cloud.epcis.routes_events import LISTS, events_answer, question_of, rows_of
from tagdock_cloud.epcis.talk import ROOT, Asked, Viewing, answer, negotiate, trouble
from tagdock_cloud.epcis.words import BIZ_STEPS, DISPOSITIONS, EVENT_TYPES
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database

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
    for row in await db.all(_SQL["known_places"], values):
        if name == "readPoints" or row["place"].startswith("bin/"):
            members.add(uri_of_place(row["site"], row["place"]))
        if name == "bizLocations":
            members.add(uri_of_site(row["site"]))
    return members


def _lister(name: str) -> Callable[..., Any]:
    async def list_members(asked: Viewing) -> Response:
        """List the members of a resource in order."""
        parameters = asked.request.query_params
        shown, _ = read_page(parameters.get("perPage", "30"), None)
        (after,) = read_token(parameters.get("nextPageToken"), str)
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
        question = question_of({LISTS[name]: [value]})
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
    router.add_api_route(f"/{_name}/{{value:path}}/events", _teller(_name), methods=["GET"])
    router.add_api_route(f"/{_name}/{{value:path}}", _shower(_name), methods=["GET"])
