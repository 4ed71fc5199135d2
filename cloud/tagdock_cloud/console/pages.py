"""The console's pages, gathered."""

from fastapi import APIRouter

from tagdock_cloud.console.find import router as find
from tagdock_cloud.console.floor_page import router as layout
from tagdock_cloud.console.health import router as health
from tagdock_cloud.console.live import router as live
from tagdock_cloud.console.login import router as login
from tagdock_cloud.console.oidc import router as oidc
from tagdock_cloud.console.plans import router as plans

console = APIRouter(include_in_schema=False)
for room in (live, find, layout, plans, health, login, oidc):
    console.include_router(room)
