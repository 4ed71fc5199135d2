"""The HTTP interface and the console, put together."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from tagdock_cloud.access.guard import deny_undeclared
from tagdock_cloud.access.setup import access, open_access
from tagdock_cloud.alerts.routes import router as alerts
from tagdock_cloud.alerts.rule_routes import router as alert_rules
from tagdock_cloud.config import ApiConfig
from tagdock_cloud.console.choices import Spoken
from tagdock_cloud.console.pages import console
from tagdock_cloud.console.templating import STATIC
from tagdock_cloud.console.trouble import trouble_page
from tagdock_cloud.corrections.routes import router as review
from tagdock_cloud.doors.routes import router as doors
from tagdock_cloud.epcis.routes import router as epcis
from tagdock_cloud.epcis.talk import in_words
from tagdock_cloud.goods.routes import router as goods
from tagdock_cloud.health.routes import router as health
from tagdock_cloud.inventory.movements import router as movements
from tagdock_cloud.inventory.readings import router as readings
from tagdock_cloud.inventory.routes import router as inventory
from tagdock_cloud.inventory.stock import router as stock
from tagdock_cloud.inventory.stream import MOVEMENTS
from tagdock_cloud.layout.places import router as places
from tagdock_cloud.layout.routes import router as layout
from tagdock_cloud.life.routes import router as lives
from tagdock_cloud.life.table_routes import router as life_tables
from tagdock_cloud.orders.routes import notices, orders, waiting
from tagdock_cloud.plans.moves import router as moves
from tagdock_cloud.plans.results import router as plan_results
from tagdock_cloud.plans.routes import router as plans
from tagdock_cloud.plans.stream import TASKS
from tagdock_cloud.repairs.routes import router as repairs
from tagdock_cloud.reports.routes import router as reports
from tagdock_cloud.requests.routes import router as requests
from tagdock_cloud.returns.routes import router as returns
from tagdock_cloud.returns.terms_routes import router as return_terms
from tagdock_cloud.sessions.routes import router as sessions
from tagdock_cloud.sessions.stream import SESSIONS
from tagdock_cloud.shipping.routes import ROUTERS as SHIPPING
from tagdock_cloud.stockpolicy.routes import ROUTERS as STOCK_POLICY
from tagdock_cloud.store.errors import DatabaseUnavailableError, RowRefusedError, StoreError
from tagdock_cloud.store.pool import AsyncPool
from tagdock_cloud.tasks.floor_rules import router as floor_rules
from tagdock_cloud.tasks.routes import router as tasks
from tagdock_cloud.tasks.stream import FLOOR
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database
from tagdock_cloud.web.describe import described
from tagdock_cloud.web.export import Exports
from tagdock_cloud.web.feed import Feed
from tagdock_cloud.web.follow import streams
from tagdock_cloud.web.guard import Guard
from tagdock_cloud.web.limits import limits
from tagdock_cloud.web.methods import Heads, allowed
from tagdock_cloud.web.problems import Problem, from_validation, no_route, problem_response, too_long
from tagdock_cloud.web.tags import tagged
from tagdock_cloud.webhooks.routes import router as webhooks

BODY_LIMIT = 64 * 1024
"""Bytes of a body where a route does not say otherwise."""
POOL_SIZE = 8
STATEMENT_TIMEOUT_S = 15.0

TOPICS = (MOVEMENTS, SESSIONS, TASKS, FLOOR)
"""What can be followed as it happens."""
ROUTERS = (
    goods,
    lives,
    life_tables,
    tasks,
    floor_rules,
    repairs,
    requests,
    reports,
    inventory,
    streams(TOPICS),
    doors,
    review,
    orders,
    notices,
    waiting,
    *SHIPPING,
    *STOCK_POLICY,
    returns,
    return_terms,
    sessions,
    layout,
    moves,
    stock,
    readings,
    movements,
    places,
    plans,
    plan_results,
    health,
    alerts,
    alert_rules,
    epcis,
    webhooks,
    access,
    console,
)
"""In the order in which they are asked whether a request is theirs."""

_log = logging.getLogger(__name__)


def create_app(config: ApiConfig) -> FastAPI:
    """Build the application; the database is first asked when the first request comes."""
    app = FastAPI(
        title="Tagdock",
        version=version("tagdock-cloud"),
        description="Item movements, stock, layouts and plans of warehouses with RFID doors.",
        lifespan=_lifespan(config),
        dependencies=[Depends(deny_undeclared)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # ours asks for a token, as everything does
    )
    app.router.max_body_size = BODY_LIMIT
    app.state.is_open = config.is_open
    app.state.data_dir = config.data_dir
    app.state.private_webhooks = config.is_open or config.private_webhooks
    app.state.exports = Exports()
    app.state.limits = limits(config.front.rate_per_s)
    app.state.is_stopping = lambda: False  # the server that runs it says when, so that streams end by themselves
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/api/v1/openapi.json", _describe, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(Spoken)
    app.add_middleware(Heads)
    app.add_middleware(Guard, limits=app.state.limits)
    for error in (Problem, RequestValidationError, HTTPException, StoreError, Exception):
        app.add_exception_handler(error, _answer)
    return app


def _lifespan(config: ApiConfig) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = AsyncPool(
            config.database, name="tagdock-cloud api", max_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S
        )
        await pool.open(wait=False)
        app.state.pool = pool
        open_access(app, pool, config.front)
        app.state.feeds = {
            topic.event: Feed(topic, Database(pool), lambda: bool(app.state.is_stopping())) for topic in TOPICS
        }
        try:
            yield
        finally:
            for feed in app.state.feeds.values():
                await feed.stop()
            await pool.close(timeout=2.0)

    return lifespan


async def _describe(request: Request, _: Viewer) -> Response:
    """Describe the interface (OpenAPI 3.1); made once, when it is first asked for."""
    app = request.app
    if app.openapi_schema is None:
        app.openapi_schema = described(app.openapi())
    return tagged(request, app.openapi_schema)


async def _answer(request: Request, error: Exception) -> Response:
    """Turn every error into one problem, or into a page where a person looks."""
    problem = _problem(error, request)
    request_id = getattr(request.state, "request_id", None)
    if problem.status >= 500:
        _log.error("%s %s (request %s): %s", request.method, request.url.path, request_id, error)
    if not request.url.path.startswith(("/api/", "/epcis/")) and "text/html" in request.headers.get("accept", ""):
        return trouble_page(request, problem, request_id)
    return problem_response(in_words(problem) if request.url.path.startswith("/epcis/") else problem, request_id)


def _problem(error: Exception, request: Request) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return from_validation(error, request.headers.get("content-type", ""))
        case HTTPException():
            return _frameworks(error, request)
        case DatabaseUnavailableError():
            return Problem(
                503,
                "the database does not answer, or too much is going on; nothing was written",
                headers={"Retry-After": "5"},
            )
        case RowRefusedError():
            return Problem(
                409, f"somebody else wrote at the same time, or a rule of the record stands against it: {error}"
            )
        case _:
            return Problem(500, "something is wrong on our side; the log names it by this request's id")


def _frameworks(error: HTTPException, request: Request) -> Problem:
    """Say what the framework says barely."""
    match error.status_code:
        case 413:
            return too_long()
        case 404 | 405:
            return no_route(error.status_code, request.url.path, allowed(request.app.routes, request.scope))
        case _:
            return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
