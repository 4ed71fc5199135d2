"""Tables of lives over HTTP: which there are, what one says, and publishing another."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.life.picture import diagram, table
from tagdock_cloud.life.policy import MOST_BYTES, read_policy
from tagdock_cloud.life.published import publishing
from tagdock_cloud.life.taking import all_tables
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, FewLimit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.life")
_BIGGEST_ID = 2**31 - 1
router = APIRouter(prefix="/api/v1", tags=["lives"])


class TableBody(BaseModel):
    """A table to publish, as `tagdock-cloud life check` reads it."""

    model_config = ConfigDict(extra="forbid")

    site: Site | None = Field(None, description="Whose it is; null: for every site that has none of its own.")
    source: Annotated[str, Field(max_length=MOST_BYTES, description="TOML.")]


class TableLine(BaseModel):
    """A published table."""

    policy_id: int
    site: str | None
    version: int
    author: str
    effective_at: datetime
    published_at: datetime
    published_by: str


class TablePage(BaseModel):
    """Tables as they were published."""

    items: list[TableLine]


class WholeTable(TableLine):
    """A table whole: as it was written, as data, and drawn."""

    source: str
    states: dict[str, Any]
    transitions: dict[str, Any]
    diagram: str = Field(description="Mermaid.")
    table: str = Field(description="Markdown.")


@router.get("/life-tables", response_model=TablePage)
async def list_tables(
    *, request: Request, db: Db, caller: Viewer, limit: FewLimit = 100, cursor: CursorText = None
) -> Response:
    """List the tables of states and transitions, oldest first: the house's, and those of the caller's sites."""
    (after,) = read_cursor(cursor, int)
    async with db.transaction() as transaction:
        await all_tables(transaction)
        values = {"sites": caller.listed, "after": after, "rows": limit + 1}
        return page(request, await transaction.all(_SQL["tables"], values), limit, "policy_id")


@router.get("/life-tables/{policy_id}", response_model=WholeTable)
async def get_table(db: Db, caller: Viewer, policy_id: int) -> Response:
    """Return one table: as it was written, as data, and drawn."""
    async with db.transaction() as transaction:
        return reply(await _whole(transaction, policy_id, caller.listed))


@router.post("/life-tables", response_model=WholeTable, status_code=201)
async def publish_table(once: Once, caller: Manager, body: TableBody) -> Response:
    """Publish a table. It counts from its `effective_at` on; what happened before stays as it was."""
    caller.check_everywhere() if body.site is None else caller.check(body.site)

    async def work(transaction: Transaction) -> Response:
        now = (await transaction.one(_SQL["lock_policies"]) or {})["now"]
        tables = await all_tables(transaction)
        try:
            tables.check(read_policy(body.source.encode()), body.site, now)
        except ConfigurationError as error:
            raise Problem(422, f"source: {error}") from None
        row = await transaction.one(_SQL["publish"], publishing(body.source, body.site, caller.id))
        assert row is not None  # noqa: S101  # nobody else publishes meanwhile, and the version is new
        whole = await _whole(transaction, row["policy_id"], None)
        told = {name: whole[name] for name in ("site", "version", "author", "effective_at", "source")}
        await audit(transaction, caller, "life.publish", f"life-table/{row['policy_id']}", site=body.site, after=told)
        return reply(whole, 201)

    return await once(caller, work)


async def _whole(transaction: Transaction, policy_id: int, sites: list[str] | None) -> dict[str, Any]:
    await all_tables(transaction)
    values = {"sites": sites, "policy_id": policy_id}
    row = await transaction.one(_SQL["table"], values) if 0 < policy_id <= _BIGGEST_ID else None
    if row is None:
        raise not_found("table", policy_id)
    policy = read_policy(row["source"].encode())
    written = policy.model_dump(mode="json", by_alias=True)
    drawn = {"diagram": diagram(policy), "table": table(policy)}
    return {**row, "states": written["state"], "transitions": written["transition"], **drawn}
