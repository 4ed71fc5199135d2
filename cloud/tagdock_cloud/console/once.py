"""A form that is sent twice is done once: a button pressed again on a slow network, a page loaded anew.

Forms that would do more each time carry `once`, a word made when their page was.
"""

import hashlib
import re
import secrets
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.web.idempotency import Asked
from tagdock_cloud.web.problems import refused

_WORD = re.compile(r"[A-Za-z0-9_-]{16,64}")


def once() -> Markup:
    """Return the hidden field by which a form is known again."""
    return Markup('<input type="hidden" name="once" value="{}">').format(secrets.token_urlsafe(16))


async def asked_by(request: Request, caller: Caller) -> Asked | None:
    """Return by what a form is known again, None where it has no `once`. Raises Problem (422).

    All that it says is part of that: who goes back, changes a number and sends it again asks for something else.
    """
    told = await request.form()
    if "once" not in told:
        return None
    if not _WORD.fullmatch(str(told["once"])):
        raise refused("once", "load the page again, and fill in the form that it shows")
    fields = urlencode([(name, str(value)) for name, value in told.multi_items()])
    digest = hashlib.sha256(f"{request.method} {request.url}\0{fields}".encode())
    return Asked(caller.id, f"form-{digest.hexdigest()}", digest.digest())
