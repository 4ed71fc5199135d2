"""The page Live: what passes each door now, expected against seen, and the passages that a person has to decide."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.evidence import picture
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.corrections.records import Decided, DecisionBody
from tagdock_cloud.corrections.routes import decide_passage
from tagdock_cloud.doors.routes import find_doors
from tagdock_cloud.health.routes import find_gateways
from tagdock_cloud.inventory.newest import newest_of_sites
from tagdock_cloud.inventory.record import MovementFilter, find_movements
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Operator
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Instant, Place

MOST_SHOWN = 40
MOST_TO_DECIDE = 8
"""Passages to decide that are shown at once: those behind them move up."""
MOST_SESSIONS = 100
MOST_NAMES = 4
"""Goods of a session that are named; more are counted."""
_SQL = load_queries("tagdock_cloud.console", "live.sql")
_REVIEW = load_queries("tagdock_cloud.corrections")
router = APIRouter()


@router.get("/")
async def live(frame: Framed) -> Response:
    """Show the doors of a site, its gateways, what waits for a decision, and what passed last."""
    if frame.site is None:
        return frame.show("live.html")
    movements = await find_movements(frame.db, MovementFilter(sites=frame.caller.listed, site=frame.site), MOST_SHOWN)
    return frame.show("live.html", movements=movements, most_shown=MOST_SHOWN, **await _now(frame, frame.site))


@router.get("/live/now")
async def live_now(frame: Framed) -> Response:
    """Show the parts of the page that change otherwise than by counting: sessions, silent doors, what to decide."""
    return frame.show("live_now.html", **(await _now(frame, frame.site) if frame.site else {}))


@router.post("/live/decide")
async def decide_here(
    *,
    frame: Framed,
    db: Db,
    caller: Operator,
    event_id: Annotated[UUID, Form()],
    observed_at: Annotated[Instant, Form()],
    direction: Annotated[Decided, Form()],
    door: Annotated[Place | None, Form()] = None,
) -> Response:
    """Decide what a passage was, and show the page again."""
    place = None if direction == "none" else door
    body = DecisionBody(site=frame.site or "", observed_at=observed_at, direction=direction, door=place)
    async with db.transaction() as transaction:
        await decide_passage(transaction, caller, event_id, body)
    return RedirectResponse(f"/?site={frame.site}#review", 303)


async def _now(frame: Frame, site: str) -> dict[str, Any]:
    """Return what the page shows of a site's doors, gateways and passages to decide."""
    doors = await find_doors(frame.db, site)
    gateways = await find_gateways(frame.db, site, frame.caller.listed)
    sessions = await frame.db.all(_SQL["open_sessions"], {"site": site, "names": MOST_NAMES, "rows": MOST_SESSIONS})
    told_by = await frame.db.all(_SQL["door_gateways"], {"site": site, "doors": [door["door"] for door in doors]})
    cut = {row["gateway"]: row for row in gateways if row["freshness"] not in {"fresh", "late"}}
    waiting = await newest_of_sites(frame.db, _REVIEW["uncertain"], _uncertain(frame, site), MOST_TO_DECIDE + 1)
    return {
        "doors": doors,
        "gateways": gateways,
        "sessions": _by_door(sessions),
        "cut_doors": {row["door"]: cut[row["gateway"]] for row in told_by if row["gateway"] in cut},
        "passages": [{**row, "picture": picture(row["evidence"])} for row in waiting[:MOST_TO_DECIDE]],
        "more_wait": len(waiting) > MOST_TO_DECIDE,
        "may_decide": frame.caller.may("decide"),
    }


def _uncertain(frame: Frame, site: str) -> dict[str, Any]:
    anything = dict.fromkeys(("door", "since", "until", "before_at", "before_id"))
    return {"site": site, "sites": frame.caller.listed, **anything}


def _by_door(sessions: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    doors: dict[str, list[dict[str, Any]]] = {}
    for session in sessions:
        doors.setdefault(session["door"], []).append(session)
    return doors
