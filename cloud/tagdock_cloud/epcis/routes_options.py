"""OPTIONS: which versions, formats and limits there are, and what may be done where."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.epcis.routes_events import LISTS
from tagdock_cloud.epcis.talk import DISCOVERY, LIMITS, ROOT
from tagdock_cloud.web.access import Viewer

_CAPTURE: Final = {**LIMITS, "GS1-Capture-Error-Behaviour": "rollback, proceed"}
PATHS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "": ("GET", {}),
    "/capture": ("GET, POST", _CAPTURE),
    "/capture/{job_id}": ("GET", {}),
    "/events": ("GET, POST", LIMITS),
    "/events/{event_id:path}": ("GET", {}),
    **{f"/{name}": ("GET", {}) for name in LISTS},
    **{f"/{name}/{{value:path}}": ("GET", {}) for name in LISTS},
    "/queries": ("GET, POST", {}),
    "/queries/{name}": ("GET, DELETE", {}),
    "/queries/{name}/events": ("GET", {}),
    "/queries/{name}/subscriptions": ("GET, POST", {}),
    "/queries/{name}/subscriptions/{subscription_id}": ("GET, DELETE", {}),
}

router = APIRouter(prefix=ROOT, tags=["epcis"], include_in_schema=False)


def _discoverer(allow: str, more: dict[str, str]) -> Callable[..., Any]:
    async def discover(_: Viewer) -> Response:
        """Say what may be done here."""
        return Response(status_code=204, headers={"Allow": f"OPTIONS, {allow}", **DISCOVERY, **more})

    return discover


for _path, (_allow, _more) in PATHS.items():
    router.add_api_route(_path, _discoverer(_allow, _more), methods=["OPTIONS"])
