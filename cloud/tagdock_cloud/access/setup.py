"""What the HTTP interface needs to know who comes: put on `app.state` when it starts."""

from fastapi import APIRouter, FastAPI

from tagdock_cloud.access.logins import Logins
from tagdock_cloud.access.lookup import Lookup
from tagdock_cloud.access.oidc import Provider
from tagdock_cloud.access.passwords import Checker
from tagdock_cloud.access.programs import router as programs
from tagdock_cloud.access.routes import router as people
from tagdock_cloud.access.trail import router as trail
from tagdock_cloud.config import Front
from tagdock_cloud.store.pool import AsyncPool
from tagdock_cloud.web.database import Database

access = APIRouter()
for part in (people, programs, trail):
    access.include_router(part)


def open_access(app: FastAPI, pool: AsyncPool, front: Front) -> None:
    """Put look-ups and logins on the app's state: `lookup`, `passwords`, `logins`, `oidc`."""
    app.state.lookup = Lookup(pool, front.kept_s)
    app.state.passwords = Checker()
    app.state.logins = Logins(Database(pool), app.state.passwords)
    app.state.oidc = None if front.oidc is None else Provider(front.oidc)
