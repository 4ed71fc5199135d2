"""What every page shows around its content: sites, the chosen one, who is logged in."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.console.templating import templates
from tagdock_cloud.doors.routes import find_sites
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import not_found


@dataclass(frozen=True, slots=True)
class Frame:
    """The page's surroundings. `site` is None while nothing has come in at all."""

    request: Request
    db: Database
    caller: Caller
    sites: list[dict[str, Any]]
    site: str | None

    def show(self, template: str, /, status: int = 200, **content: Any) -> Response:
        """Render a page; without any site, the page that says how the first one comes in."""
        if self.site is None and template != "health.html":
            template = "empty.html"
        context = {
            "sites": self.sites,
            "site": self.site,
            "caller": self.caller,
            "may_plan": self.caller.may("plan"),
            **content,
        }
        return templates.TemplateResponse(self.request, template, context, status_code=status)


async def frame_of(request: Request, db: Database, caller: Caller, site: str | None) -> Frame:
    """Return a page's surroundings. Raises Problem: 403 for another's site, 404 without the site."""
    sites = await find_sites(db, caller.listed)
    names = [row["site"] for row in sites]
    caller.check(site)
    if site is not None and site not in names:
        raise not_found("site", site)
    return Frame(request, db, caller, sites, site or (names[0] if names else None))


async def _frame(request: Request, db: Db, caller: Viewer, site: Annotated[Site | None, Query()] = None) -> Frame:
    return await frame_of(request, db, caller, site)


Framed = Annotated[Frame, Depends(_frame)]
Typed = Annotated[str, Query(max_length=400, pattern=r"^[^\x00-\x1c\x1e\x1f\x7f]*$")]
"""What may be typed or scanned: no control characters but the one that scanners send between elements (GS)."""
