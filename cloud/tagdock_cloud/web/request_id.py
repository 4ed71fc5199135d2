"""The id of the request that is being served, for whoever writes a log line or an audit entry below a route."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
