"""Questions to the solver over HTTP: the same routes for every kind; what a kind asks and does is its own module's."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.shipping.records import Kind, QuestionPage, QuestionRecord
from tagdock_cloud.shipping.rules import check_answered, check_open
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Planner, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.shipping", "questions.sql")
Row = dict[str, Any]
Carry = Callable[[Transaction, Caller, Row], Awaitable[Any]]
"""Does what a question's answer says; returns what the audit is to tell. Raises Problem (409) where it cannot."""


@dataclass(frozen=True)
class Asked:
    """A question before it is asked: whose sites it is about, what was wanted, what the solver gets."""

    sites: tuple[str, ...]
    request: Mapping[str, Any]
    problem: Mapping[str, Any]
    time_limit_s: float = 30.0
    seed: int = 0


class Questions:
    """The routes of one kind; `approver`: who may say that it is done so."""

    def __init__(self, kind: Kind, many: str, carry: Carry, approver: Literal["plan", "manage"]) -> None:
        self._kind, self._many, self._carry, self._approver = kind, many, carry, approver

    def router(self) -> APIRouter:
        """Build the routes below `/api/v1`; the one that asks is the kind's own."""
        router = APIRouter(prefix=f"/api/v1/{self._many}", tags=["shipping"])
        whole: Any = {"response_model": QuestionRecord}
        approve = self.approve_as_planner if self._approver == "plan" else self.approve_as_manager
        router.get("", response_model=QuestionPage, name=f"list_{self._many}")(self.list_all)
        router.get("/{question_id}", **whole, name=f"get_{self._kind}")(self.get)
        router.post("/{question_id}/approve", **whole, name=f"approve_{self._kind}")(approve)
        router.post("/{question_id}/cancel", **whole, name=f"cancel_{self._kind}")(self.cancel)
        return router

    async def ask(self, transaction: Transaction, caller: Caller, asked: Asked) -> Response:
        """Put a question and answer 201. Raises Problem: 403, 409 while many wait."""
        question = await self.put(transaction, caller, asked)
        return reply(question, 201, {"Location": f"/api/v1/{self._many}/{question['question_id']}"})

    async def put(self, transaction: Transaction, caller: Caller, asked: Asked) -> Row:
        """Put a question and its job into the database, and return it. Raises Problem: 403, 409 while many wait."""
        for site in asked.sites:
            caller.check(site)
        waiting = await transaction.one(_SQL["open"], {"kind": self._kind})
        check_open(self._kind, waiting["questions"] if waiting else 0)
        question_id = uuid4()
        values = {"question_id": question_id, "kind": self._kind, "sites": list(asked.sites), "asked_by": caller.name}
        documents = {
            name: to_json(told).decode() for name, told in (("request", asked.request), ("problem", asked.problem))
        }
        await transaction.run(
            _SQL["insert"], {**values, **documents, "time_limit_s": asked.time_limit_s, "seed": asked.seed}
        )
        await transaction.run(_SQL["defer"], values)
        await audit(transaction, caller, f"{self._kind}.ask", f"{self._kind}/{question_id}", after=asked.request)
        return await self.find(transaction, caller, question_id)

    async def list_all(
        self, *, request: Request, db: Db, caller: Viewer, limit: Limit = 100, cursor: CursorText = None
    ) -> Response:
        """List them, newest first."""
        before_at, before_id = read_cursor(cursor, datetime, UUID)
        values = {"kind": self._kind, "listed": caller.listed, "before_at": before_at, "before_id": before_id}
        return page(
            request, await db.all(_SQL["page"], {**values, "rows": limit + 1}), limit, "asked_at", "question_id"
        )

    async def get(self, db: Db, caller: Viewer, question_id: UUID) -> Response:
        """Return one whole, with its answer where there is one."""
        return reply(await self.find(db, caller, question_id))

    async def approve_as_planner(self, once: Once, caller: Planner, question_id: UUID) -> Response:
        """Do what the answer says. Once more changes nothing."""
        return await self._approve(once, caller, question_id)

    async def approve_as_manager(self, once: Once, caller: Manager, question_id: UUID) -> Response:
        """Do what the answer says. Once more changes nothing."""
        return await self._approve(once, caller, question_id)

    async def cancel(self, once: Once, caller: Planner, question_id: UUID) -> Response:
        """Call one off that is not answered yet. Once more changes nothing."""

        async def work(transaction: Transaction) -> Response:
            return reply(await self.call_off(transaction, caller, question_id))

        return await once(caller, work)

    async def call_off(self, transaction: Transaction, caller: Caller, question_id: UUID) -> Row:
        """Do that, and return the question. Raises Problem: 403, 404, 409 where it is answered."""
        before = await self._held(transaction, caller, question_id)
        if await transaction.run(_SQL["cancel"], {"question_id": question_id, "by": caller.name}):
            states: Any = {"before": {"state": before["state"]}, "after": {"state": "failed"}}
            await audit(transaction, caller, f"{self._kind}.cancel", f"{self._kind}/{question_id}", **states)
        elif before["state"] != "failed":
            raise Problem(409, f"it is {before['state']} already; what is answered is approved or left alone")
        return await self.find(transaction, caller, question_id)

    async def find(self, db: Database | Transaction, caller: Caller, question_id: UUID) -> Row:
        """Return one whole. Raises Problem: 404, or 403 where one of its sites is not the caller's."""
        question = await db.one(_SQL["one"], {"kind": self._kind, "question_id": question_id})
        if question is None:
            raise not_found(self._kind, question_id)
        for site in question["sites"]:
            caller.check(site)
        return question

    async def _held(self, transaction: Transaction, caller: Caller, question_id: UUID) -> Row:
        await transaction.run(_SQL["lock"], {"question_id": question_id})
        return await self.find(transaction, caller, question_id)

    async def _approve(self, once: Once, caller: Caller, question_id: UUID) -> Response:
        async def work(transaction: Transaction) -> Response:
            return reply(await self.approve(transaction, caller, question_id))

        return await once(caller, work)

    async def approve(self, transaction: Transaction, caller: Caller, question_id: UUID) -> Row:
        """Do what the answer says, and return the question. Raises Problem: 403, 404, 409 where it cannot be done."""
        question = await self._held(transaction, caller, question_id)
        if question["state"] == "approved":
            return question
        check_answered(question)
        done = await self._carry(transaction, caller, question)
        await transaction.run(_SQL["approve"], {"question_id": question_id, "by": caller.name})
        states: Any = {"before": {"state": "done"}, "after": {"state": "approved", "done": done}}
        await audit(transaction, caller, f"{self._kind}.approve", f"{self._kind}/{question_id}", **states)
        return await self.find(transaction, caller, question_id)
