"""What a person sees where something is wrong: what it is, what to do, and the id to look for in the log."""

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.templating import templates
from tagdock_cloud.web.problems import Problem

_HEADLINES = {
    403: "This token may not do that",
    404: "There is nothing here",
    409: "That cannot be done now",
    422: "Something in the request does not fit",
    503: "The database does not answer",
}


def trouble_page(request: Request, problem: Problem, request_id: str | None) -> Response:
    """Show a problem as a page; who is not logged in is sent to the login."""
    if problem.status == 401:
        return RedirectResponse(f"/login?{urlencode({'to': request.url.path})}", 303)
    headline = _HEADLINES.get(problem.status, HTTPStatus(problem.status).phrase)
    context = {"headline": headline, "problem": problem, "request_id": request_id}
    response = templates.TemplateResponse(request, "trouble.html", context, status_code=problem.status)
    response.headers.update(problem.headers)
    return response
