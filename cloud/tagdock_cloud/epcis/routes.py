"""The EPCIS 2.0 interface, put together. It has a description of its own (`describe.py`); that of /api leaves it out.

Source: EPCIS 2.0, section 12 (REST bindings), and its OpenAPI.
"""

from fastapi import APIRouter

from tagdock_cloud.epcis import (
    routes_capture,
    routes_events,
    routes_lists,
    routes_options,
    routes_places,
    routes_queries,
)

router = APIRouter()
for part in (routes_capture, routes_events, routes_lists, routes_queries, routes_options):
    router.include_router(part.router, include_in_schema=False)
router.include_router(routes_places.router)
