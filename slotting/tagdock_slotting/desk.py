"""The desk: what is asked for and what it is worked out from is read here, and the answers are laid down here.

It reads cloud's views and writes through cloud's functions only, each answer whole or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from tagdock_slotting.errors import SlottingError
from tagdock_slotting.rates.notes import FEWEST_DAYS, MOST_DAYS
from tagdock_slotting.views import Prepared, Request, Rows, problem_from_views, read_request, span

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 60

MOST_ORDERS = 2000
"""Orders of the period that tours are measured on, the newest: what a layout saves on them is known to 1 %."""

Connection = psycopg.AsyncConnection[dict[str, Any]]
Note = tuple[LiteralString, str]
"""A statement that takes `plan_id` and `value`, and the value."""

_PLAN: LiteralString = """
    select site, state, request, asked_at, state = 'failed' and cancel_asked_at is not null as is_called_off
    from plans_v1 where plan_id = %(plan_id)s"""

_BOUNDS = {"fewest_days": FEWEST_DAYS, "most_days": MOST_DAYS, "most_orders": MOST_ORDERS}

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
    "daily": """
        select sku, array_agg(day - %(first_day)s::date) as days, array_agg(lines::double precision) as lines from (
            select sku, day, sum(order_lines) as lines from flows_v1
            where site = %(site)s and day >= %(first_day)s and day < %(end_day)s and sku is not null
              and %(end_day)s::date - %(first_day)s::date between %(fewest_days)s and %(most_days)s
            group by sku, day having sum(order_lines) > 0
        ) counted
        group by sku""",
    "layouts": "select * from layouts_v1 where site = %(site)s",
    "orders": """
        select max(s.opened_at) as at, array_agg(distinct g.sku) as skus
        from (
            select site, session_id, opened_at from door_sessions_v1
            where site = %(site)s and kind = 'outbound' and opened_at >= %(head_from)s and opened_at < %(tail_until)s
            order by opened_at desc limit %(most_orders)s
        ) s join session_goods_v1 g using (site, session_id)
        where g.verdict = 'expected' and g.sku is not null
        group by session_id order by 1, session_id""",
    "tasks": "select from_bin, to_bin from moves_v1 where site = %(site)s and state = 'open'",
}
"""What is read for a problem: whole days from their sums, the parts of days at both ends from the movements."""


@dataclass(frozen=True)
class Question:
    """A question as it is handed to its command."""

    kind: str
    problem: bytes
    time_limit_s: float
    seed: int


@dataclass(frozen=True)
class Desk:
    """The desk in one database."""

    database: str

    async def begin(self, plan_id: UUID) -> tuple[Prepared, Request] | None:
        """Read what is asked for in one snapshot and say that it is being solved; None where nothing is to be done."""
        async with await self._connect() as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            found = await _rows(connection, _PLAN, {"plan_id": plan_id})
            if not found or found[0]["state"] in ("done", "approved") or found[0]["is_called_off"]:
                return None
            request = read_request(found[0]["request"])
            asked = {"site": found[0]["site"], **msgspec.structs.asdict(span(request.since, request.until)), **_BOUNDS}
            found_rows = {name: await _rows(connection, query, asked) for name, query in _VIEWS.items()}
            prepared = problem_from_views(msgspec.convert(found_rows, Rows), request, found[0]["asked_at"])
        problem, rates = (msgspec.json.encode(part).decode() for part in (prepared.problem, prepared.rates))
        start: Note = ("select plan_start_v1(%(plan_id)s, %(value)s::jsonb)", problem)
        await self.write(plan_id, [start, ("select plan_note_v1(%(plan_id)s, 'rates', %(value)s::jsonb)", rates)])
        return prepared, request

    async def tell(self, plan_id: UUID, best: str) -> bool:
        """Write the best so far and return whether somebody called the plan off."""
        statement: LiteralString = "select plan_progress_v1(%(plan_id)s, %(value)s::jsonb) as is_off"
        try:
            async with await self._connect() as connection:
                rows = await _rows(connection, statement, {"plan_id": plan_id, "value": best})
        except psycopg.OperationalError:
            return False  # the plan itself is tried again when it is written
        return bool(rows and rows[0]["is_off"])

    async def write(self, plan_id: UUID, notes: Sequence[Note]) -> None:
        """Write all of it, or nothing. Raises psycopg.OperationalError."""
        async with await self._connect() as connection:
            for statement, value in notes:
                await connection.execute(statement, {"plan_id": plan_id, "value": value})

    async def take(self, question_id: UUID) -> Question | None:
        """Take up a question; None where it was called off or answered. Raises psycopg.OperationalError."""
        statement: LiteralString = "select kind, problem, time_limit_s, seed from question_start_v1(%(question_id)s)"
        async with await self._connect() as connection:
            found = await _rows(connection, statement, {"question_id": question_id})
        return _question(found[0]) if found else None

    async def finish_question(self, question_id: UUID, answer: str) -> None:
        """Write an answer. Raises psycopg.OperationalError."""
        await self._end("select question_finish_v1(%(question_id)s, %(value)s::jsonb)", question_id, answer)

    async def fail_question(self, question_id: UUID, reason: str) -> None:
        """Write why there is no answer. Raises psycopg.OperationalError."""
        await self._end("select question_fail_v1(%(question_id)s, %(value)s)", question_id, reason)

    async def _end(self, statement: LiteralString, question_id: UUID, value: str) -> None:
        async with await self._connect() as connection:
            await connection.execute(statement, {"question_id": question_id, "value": value})

    async def check(self) -> None:
        """Raise SlottingError where the database can't be used, saying what to do."""
        try:
            async with await self._connect() as connection:
                await connection.execute("select from plans_v1, procrastinate_jobs limit 0")
        except psycopg.errors.UndefinedTable:
            raise SlottingError(
                "this database has no Tagdock schema; run `tagdock-cloud migrate` on it first"
            ) from None
        except psycopg.ProgrammingError as error:
            raise SlottingError(f"--database is no usable URL: {first_line(error)}") from None
        except psycopg.OperationalError as error:
            raise SlottingError(f"the database can't be reached, check --database: {first_line(error)}") from None

    async def _connect(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self.database,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="tagdock-slotting",
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_S * 1000}",
            row_factory=dict_row,
        )


def _question(row: dict[str, Any]) -> Question:
    return Question(row["kind"], msgspec.json.encode(row["problem"]), row["time_limit_s"], row["seed"])


async def _rows(connection: Connection, query: LiteralString, values: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query, values)).fetchall()


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says."""
    return next(iter(str(error).splitlines()), type(error).__name__)
