"""Doing what a form asks for: on success one goes on, what stands against it is told on the page it was sent from."""

from collections.abc import Awaitable, Callable

from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.frame import Frame
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem

SHOWN = (403, 409, 422)
"""What a person can do something about, and is told on the page that they were on."""
Work = Callable[[Transaction], Awaitable[object]]
Again = Callable[[Problem], Awaitable[Response]]


async def try_work(frame: Frame, work: Work, then: str, again: Again) -> Response:
    """Do it in one transaction and go on to `then`; a problem that a person can do something about goes to `again`."""
    try:
        async with frame.db.transaction() as transaction:
            await work(transaction)
    except Problem as problem:
        if problem.status not in SHOWN:
            raise
        return await again(problem)
    return RedirectResponse(then, 303)
