"""What a person sees where something is wrong: what it is, what to do, and the id to look for in the log."""

from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.access.guard import SESSION_COOKIE
from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later
from tagdock_cloud.console.login import local
from tagdock_cloud.console.templating import templates
from tagdock_cloud.web.problems import Problem

_HEADLINES = {
    403: later("You may not do that"),
    404: later("There is nothing here"),
    409: later("That cannot be done now"),
    422: later("Something in the request does not fit"),
    429: later("Too many requests; wait a moment"),
    500: later("Something went wrong on our side"),
    503: later("The database does not answer"),
}


def trouble_page(request: Request, problem: Problem, request_id: str | None) -> Response:
    """Show a problem as a page; who is not logged in is sent to the login, and from there back to where they were."""
    back = way_back(request)
    if problem.status == 401:
        ended = {"ended": "true"} if request.cookies.get(SESSION_COOKIE) else {}
        return RedirectResponse(f"/login?{urlencode({'to': back, **ended})}", 303)
    headline = _HEADLINES.get(problem.status)
    context = {
        "headline": _(headline) if headline else HTTPStatus(problem.status).phrase,
        "problem": problem,
        "request_id": request_id,
        "back": back,
        "was_asked": request.method in ("GET", "HEAD"),
    }
    response = templates.TemplateResponse(request, "trouble.html", context, status_code=problem.status)
    response.headers.update(problem.headers)
    return response


def way_back(request: Request) -> str:
    """Return the page that a person was on, on this server: what they asked for, or where they sent a form from."""
    if request.method in ("GET", "HEAD"):
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    sent_from = urlsplit(request.headers.get("referer", ""))
    if sent_from.netloc != request.url.netloc or not sent_from.path.startswith("/"):
        return "/"
    return local(sent_from.path + (f"?{sent_from.query}" if sent_from.query else ""))
