"""The worker: takes plans that planners ask for from the job queue, solves them, writes them back.

It reads cloud's views and writes through cloud's functions only. A plan is never lost: a job whose worker died is taken
up again when its heartbeat has stopped, one that was interrupted goes back into the queue, one whose database went
away is tried again after a jittered pause. A plan that can't be made fails with its reason.
"""

import asyncio
import logging
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.jobs import Job
from psycopg.rows import dict_row

from tagdock_slotting.errors import SlottingError
from tagdock_slotting.problem import Problem
from tagdock_slotting.solver_process import solve_apart
from tagdock_slotting.views import Request, Rows, problem_from_views, read_request, span

QUEUE, TASK = "plans", "solve_plan"
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 60
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

log = logging.getLogger("tagdock_slotting")

Connection = psycopg.AsyncConnection[dict[str, Any]]

_PLAN: LiteralString = "select site, state, request, asked_at from plans_v1 where plan_id = %(plan_id)s"

_VIEWS: dict[str, LiteralString] = {
    "bins": "select * from bins_v1 where site = %(site)s order by bin",
    "doors": "select * from doors_v1 where site = %(site)s order by door",
    "skus": "select * from skus_v1",
    "flows": """
        select sku, door, sum(order_lines) as order_lines from (
            select sku, door, order_lines from flows_v1
            where site = %(site)s and day >= %(first_day)s and day < %(end_day)s
            union all
            select sku, settled_door, count(*) from movements_v1
            where site = %(site)s and settled_direction = 'out' and settled_door is not null
              and (observed_at >= %(head_from)s and observed_at < %(head_until)s
                   or observed_at >= %(tail_from)s and observed_at < %(tail_until)s)
            group by sku, settled_door
        ) counted
        where sku is not null
        group by sku, door""",
    "layouts": "select * from layouts_v1 where site = %(site)s",
}
"""What is read for a problem: whole days from their sums, the parts of days at both ends from the movements."""


@dataclass(frozen=True)
class Pace:
    """How often a worker shows that it lives, and when the others take its work over (seconds)."""

    heartbeat_s: float = 10.0
    stalled_after_s: float = 30.0
    poll_s: float = 5.0
    stop_within_s: float = 5.0


def run_worker(database: str, *, once: bool = False, pace: Pace = Pace()) -> None:
    """Solve plans until SIGINT or SIGTERM; with `once` until none waits. Raises SlottingError at the start."""
    asyncio.run(work(database, once=once, pace=pace))


async def work(database: str, *, once: bool = False, pace: Pace = Pace()) -> None:
    """Check the database, then work; come back with jittered pauses when it goes away.

    Raises SlottingError where the database can't be used at the start.
    """
    await _check_database(database)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pause_s = FIRST_PAUSE_S
    log.info("waiting for plans")
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await _serve(database, stop, once, pace)
        except (ConnectorException, psycopg.Error) as error:
            if once:
                raise SlottingError(f"the database went away: {_first_line(error)}") from None
            log.warning("the database went away: %s", _first_line(error))
        if once:
            return
        if asyncio.get_running_loop().time() - started > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _serve(database: str, stop: asyncio.Event, once: bool, pace: Pace) -> None:
    """Run the queue's worker until told to stop, or until it ends because the database went away."""
    app = _app(database)
    async with app.open_async():
        await _take_up_stalled(app, pace)
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                wait=not once,
                install_signal_handlers=False,
                fetch_job_polling_interval=pace.poll_s,
                update_heartbeat_interval=pace.heartbeat_s,
                stalled_worker_timeout=pace.stalled_after_s,
                shutdown_graceful_timeout=pace.stop_within_s,
            )
        )
        rescue = asyncio.create_task(_rescue(app, pace))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([worker, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (rescue, stopping, worker):
                task.cancel()
            await asyncio.gather(rescue, stopping, return_exceptions=True)
            with suppress(asyncio.CancelledError):
                await worker


async def _rescue(app: App, pace: Pace) -> None:
    while True:
        await asyncio.sleep(pace.heartbeat_s)
        with suppress(ProcrastinateException):  # the worker itself notices when the database is gone
            await _take_up_stalled(app, pace)


async def _take_up_stalled(app: App, pace: Pace) -> None:
    """Put jobs back into the queue whose worker has shown no sign of life."""
    stalled = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=pace.stalled_after_s)
    for job in stalled:
        log.warning("plan %s: its worker died; it is taken up again", job.task_kwargs.get("plan_id"))
        with suppress(ConnectorException):  # another worker was faster
            await app.job_manager.retry_job(job)


class _TryAgain(BaseRetryStrategy):
    """Interrupted jobs go back at once, those that lost the database after a pause; others are not repeated."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, psycopg.OperationalError):
            pause_s = min(FIRST_PAUSE_S * 2 ** min(job.attempts, 10), LONGEST_PAUSE_S)
            return RetryDecision(retry_in={"seconds": round(pause_s * random.uniform(0.5, 1.0))})  # noqa: S311
        return None


def _app(database: str) -> App:
    arguments = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "tagdock-slotting"}
    app = App(connector=PsycopgConnector(conninfo=database, kwargs=arguments, min_size=1, max_size=4, timeout=30.0))

    @app.task(name=TASK, queue=QUEUE, retry=_TryAgain())
    async def solve_plan(plan_id: str) -> None:
        await make_plan(database, UUID(plan_id))

    return app


async def make_plan(database: str, plan_id: UUID) -> None:
    """Work out one plan and write it, or the reason why there is none. Raises psycopg.OperationalError."""
    try:
        asked = await _begin(database, plan_id)
        if asked is None:
            return
        problem, request = asked
        log.info("plan %s: %d items, %d bins", plan_id, len(problem.items), len(problem.bins))
        plan = await solve_apart(problem, request.time_limit_s, request.seed)
    except SlottingError as error:
        log.warning("plan %s failed: %s", plan_id, _first_line(error))
        await _write(database, "select plan_fail_v1(%(plan_id)s, %(value)s)", plan_id, str(error))
        return
    await _write(database, "select plan_finish_v1(%(plan_id)s, %(value)s::jsonb)", plan_id, plan.decode())
    log.info("plan %s: done", plan_id)


async def _begin(database: str, plan_id: UUID) -> tuple[Problem, Request] | None:
    """Read what is asked for in one snapshot and say that it is being solved; None where nothing is to be done."""
    async with await _connect(database) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        found = await _rows(connection, _PLAN, {"plan_id": plan_id})
        if not found or found[0]["state"] in ("done", "approved"):
            log.info("plan %s: nothing to be done", plan_id)
            return None
        request = read_request(found[0]["request"])
        site = {"site": found[0]["site"], **msgspec.structs.asdict(span(request.since, request.until))}
        found_rows = {name: await _rows(connection, query, site) for name, query in _VIEWS.items()}
        rows = msgspec.convert(found_rows, Rows)
        problem = problem_from_views(rows, request, found[0]["asked_at"])
    text = msgspec.json.encode(problem).decode()
    await _write(database, "select plan_start_v1(%(plan_id)s, %(value)s::jsonb)", plan_id, text)
    return problem, request


async def _rows(connection: Connection, query: LiteralString, values: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query, values)).fetchall()


async def _write(database: str, statement: LiteralString, plan_id: UUID, value: str) -> None:
    async with await _connect(database) as connection:
        await connection.execute(statement, {"plan_id": plan_id, "value": value})


async def _connect(database: str) -> Connection:
    return await psycopg.AsyncConnection.connect(
        database,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="tagdock-slotting",
        options=f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000}",
        row_factory=dict_row,
    )


async def _check_database(database: str) -> None:
    try:
        async with await _connect(database) as connection:
            await connection.execute("select from plans_v1, procrastinate_jobs limit 0")
    except psycopg.errors.UndefinedTable:
        raise SlottingError("this database has no Tagdock schema; run `tagdock-cloud migrate` on it first") from None
    except psycopg.ProgrammingError as error:
        raise SlottingError(f"--database is no usable URL: {_first_line(error)}") from None
    except psycopg.OperationalError as error:
        raise SlottingError(f"the database can't be reached, check --database: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
