"""The EPCIS 2.0 interface, put together. GS1's own OpenAPI describes it; ours leaves it out.

Source: EPCIS 2.0, section 12 (REST bindings), and its OpenAPI.
"""

from fastapi import APIRouter

from tagdock_cloud.epcis import routes_capture, routes_events, routes_lists, routes_options, routes_queries

router = APIRouter(include_in_schema=False)
for part in (routes_capture, routes_events, routes_lists, routes_queries, routes_options):
    router.include_router(part.router)
