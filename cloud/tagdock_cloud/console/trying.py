"""Doing what a form asks for: on success one goes on, what stands against it is told on the page it was sent from."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.frame import Frame
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem

SHOWN = (403, 409, 422)
"""What a person can do something about, and is told on the page that they were on."""
Work = Callable[[Transaction], Awaitable[object]]
Again = Callable[[Problem], Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)


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


def first_mistake(error: ValidationError) -> Problem:
    """Say what does not fit in a form: the first field, and why (422)."""
    found = error.errors()[0]
    field = ".".join(map(str, found["loc"]))
    return Problem(422, f"{field}: {found['msg'].removeprefix('Value error, ')}".removeprefix(": "))


def read_form(shape: type[Body], **told: Any) -> Body:
    """Read what a form tells; a field that was left empty is left out. Raises Problem (422)."""
    try:
        return shape.model_validate({name: value for name, value in told.items() if value not in ("", None)})
    except ValidationError as error:
        raise first_mistake(error) from None
