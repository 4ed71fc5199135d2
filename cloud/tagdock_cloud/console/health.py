"""The page Health: what is wrong and what to do about it; then gateways, readers, sensors, queues, refusals, room."""

import shutil
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.console.faults import (
    antenna_faults,
    gateway_faults,
    is_mute,
    photo_eye_faults,
    sensor_faults,
)
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.queue_faults import (
    Disk,
    ingest_faults,
    plan_faults,
    refusal_faults,
    refusal_remedy,
    room_faults,
    webhook_faults,
    work_faults,
)
from tagdock_cloud.console.readings import quantity_name, reading_text
from tagdock_cloud.health.routes import find_gateways, find_plan_queue
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.console", "health.sql")
MOST_SENSORS = 30
"""Sensors that the page names; the rest is counted."""
router = APIRouter()


@router.get("/health")
async def health(frame: Framed) -> Response:
    """Show what is wrong with its remedy, and all that it was judged by."""
    facts = await _facts(frame)
    now = facts["database"]["now"]
    faults = [
        *gateway_faults(facts["gateways"]),
        *antenna_faults(facts["antennas"], facts["fallen"]),
        *photo_eye_faults(facts["eyes"]),
        *sensor_faults(facts["sensors"]),
        *ingest_faults(facts["gateways"], facts["ingests"], now),
        *refusal_faults(facts["refused"]),
        *webhook_faults(facts["webhooks"]),
        *work_faults(facts["duties"]),
        *plan_faults(facts["queue"], now),
        *room_faults(facts["database"], facts["disk"], now),
    ]
    return frame.show(
        "health.html",
        **{**facts, "sensors": [_in_words(row) for row in facts["sensors"][:MOST_SENSORS]]},
        faults=sorted(faults, key=lambda fault: fault.level != "bad"),
        silent_sensors=len(facts["sensors"]),
        remedy=refusal_remedy,
        is_mute=is_mute,
        may_manage=frame.caller.may("manage"),
    )


@router.get("/health/silent")
async def silent(frame: Framed) -> Response:
    """List the gateways that are cut off or late, for pages that show what gateways saw."""
    return frame.show("silent.html", gateways=await find_gateways(frame.db, frame.site, frame.caller.listed))


async def _facts(frame: Frame) -> dict[str, Any]:
    db, sites, here = frame.db, frame.caller.listed, {"site": frame.site}
    return {
        "gateways": await find_gateways(db, frame.site, sites),
        "antennas": await db.all(_SQL["antennas"], here),
        "fallen": await db.all(_SQL["fallen_antennas"], here),
        "eyes": await db.all(_SQL["photo_eyes"], here),
        "sensors": await db.all(_SQL["ill_sensors"], here),
        "sensor_count": await db.one(_SQL["sensor_count"], here),
        "ingests": await db.all(_SQL["ingests"]),
        "refused": await db.all(_SQL["refused"], {"site": frame.site, "sites": sites}),
        "webhooks": await db.all(_SQL["webhooks"], {"sites": sites}) if frame.caller.may("manage") else [],
        "duties": await db.all(_SQL["duties"]),
        "queue": await find_plan_queue(db, frame.site, sites),
        "database": await db.one(_SQL["database"]) or {},
        "disk": disk_of(frame.request.app.state.data_dir),
    }


def disk_of(folder: Path | None) -> Disk | None:
    """Return the room of the disk that a folder lies on; None where it is another machine's, or cannot be told."""
    if folder is None:
        return None
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return Disk(usage.total, usage.free)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "name": quantity_name(row["quantity"]), "text": reading_text(row["quantity"], row["value"])}
