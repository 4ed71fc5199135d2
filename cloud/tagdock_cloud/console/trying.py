"""Doing what a form asks for: on success one goes on, what stands against it is told on the page it was sent from."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.frame import Frame
from tagdock_cloud.console.once import asked_by
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.idempotency import answer_once
from tagdock_cloud.web.problems import Problem

SHOWN = (403, 409, 422)
"""What a person can do something about, and is told on the page that they were on."""
Work = Callable[[Transaction], Awaitable[object]]
Again = Callable[[Problem], Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)


async def try_work(frame: Frame, work: Work, then: str | Callable[[Any], str], again: Again) -> Response:
    """Do it in one transaction, once, and go on to `then`, which may ask for what the work returned.

    A problem that a person can do something about goes to `again`.
    """

    async def answered(transaction: Transaction) -> Response:
        done = await work(transaction)
        return RedirectResponse(then if isinstance(then, str) else then(done), 303)

    try:
        asked = await asked_by(frame.request, frame.caller)
        async with frame.db.transaction() as transaction:
            return await (answer_once(transaction, asked, answered) if asked else answered(transaction))
    except Problem as problem:
        if problem.status not in SHOWN:
            raise
        return await again(problem)


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
