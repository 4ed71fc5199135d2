"""The worker: takes plans and questions over many sites from the job queue, solves them, writes them back.

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
from uuid import UUID

import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.jobs import Job

from tagdock_slotting.answer import answered
from tagdock_slotting.desk import CONNECT_TIMEOUT_S, Desk, first_line
from tagdock_slotting.errors import SlottingError
from tagdock_slotting.questions import answer_question
from tagdock_slotting.solver_process import Told, solve_apart

PLANS, QUESTIONS = "plans", "questions"
"""Names in the one job queue: a worker of before there were questions takes plans only, and fails no question."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

log = logging.getLogger("tagdock_slotting")


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
    await Desk(database).check()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pause_s = FIRST_PAUSE_S
    log.info("waiting for plans and questions")
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await _serve(database, stop, once, pace)
        except (ConnectorException, psycopg.Error) as error:
            if once:
                raise SlottingError(f"the database went away: {first_line(error)}") from None
            log.warning("the database went away: %s", first_line(error))
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
                queues=[PLANS, QUESTIONS],
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
    for queue in (PLANS, QUESTIONS):
        for job in await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=pace.stalled_after_s):
            log.warning("%s %s: its worker died; it is taken up again", job.task_name, *job.task_kwargs.values())
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
    desk = Desk(database)
    app = App(connector=PsycopgConnector(conninfo=database, kwargs=arguments, min_size=1, max_size=4, timeout=30.0))

    @app.task(name="solve_plan", queue=PLANS, retry=_TryAgain())
    async def solve_plan(plan_id: str) -> None:
        await make_plan(desk, UUID(plan_id))

    @app.task(name="answer_question", queue=QUESTIONS, retry=_TryAgain())
    async def answer(question_id: str) -> None:
        await answer_question(desk, UUID(question_id))

    return app


async def make_plan(desk: Desk, plan_id: UUID) -> None:
    """Work out one plan and write it, or the reason why there is none. Raises psycopg.OperationalError."""
    try:
        asked = await desk.begin(plan_id)
        if asked is None:
            log.info("plan %s: nothing to be done", plan_id)
            return
        prepared, request = asked
        problem = prepared.problem
        log.info("plan %s: %d items, %d bins", plan_id, len(problem.items), len(problem.bins))
        written = await solve_apart(problem, request.time_limit_s, request.seed, _told(desk, plan_id))
    except SlottingError as error:
        log.warning("plan %s failed: %s", plan_id, first_line(error))
        await desk.write(plan_id, [("select plan_fail_v1(%(plan_id)s, %(value)s)", str(error))])
        return
    answer, notes = await asyncio.to_thread(answered, prepared, written, request.seed)
    await desk.write(plan_id, [*notes, ("select plan_finish_v1(%(plan_id)s, %(value)s::jsonb)", answer)])
    log.info("plan %s: done", plan_id)


def _told(desk: Desk, plan_id: UUID) -> Told:
    """Return what writes the best so far and asks whether somebody called the plan off."""
    newest = "{}"

    async def told(best: bytes | None) -> bool:
        nonlocal newest
        newest = newest if best is None else best.decode()
        return await desk.tell(plan_id, newest)

    return told
