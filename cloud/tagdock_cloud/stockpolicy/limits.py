"""Limits of stock from CSV: rules of kind `stock`, one a row."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.alerts.records import Severity, StockRule, Units, Width
from tagdock_cloud.stockpolicy.records import LimitsWritten
from tagdock_cloud.stockpolicy.sheet import CSV_BODY, read_rows, told
from tagdock_cloud.stockpolicy.velocity import Velocity
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Label, Place, Site, Sku
from tagdock_cloud.web.problems import Problem, check_media_type
from tagdock_cloud.web.reply import reply

MOST_ROWS = 20_000
"""Rows of one import."""
MOST_LIMITS = 50_000
"""Limits of single SKUs that there are at once; a class or the house speaks of more SKUs by one rule."""

_SQL = load_queries("tagdock_cloud.stockpolicy")
router = APIRouter(prefix="/api/v1", tags=["stock policy"])


class LimitRow(BaseModel):
    """One row: what it speaks of, and its limits."""

    model_config = ConfigDict(extra="forbid")

    site: Site | None = None
    sku: Sku | None = None
    velocity: Velocity | None = None
    family: Label | None = None
    zone: Place | None = None
    low: Units | None = None
    high: Units | None = None
    near: Width = 0.0
    band: Width = 0.0
    safety: Units | None = None
    lead_days: Annotated[float, Field(ge=0, le=366, allow_inf_nan=False)] | None = None
    severity: Severity = "warning"

    @model_validator(mode="after")
    def _check(self) -> Self:
        StockRule.model_validate({"kind": "stock", "name": self.title, **self.model_dump()})
        return self

    @property
    def key(self) -> tuple[str | None, ...]:
        """What it speaks of; one rule of it is left after an import."""
        return self.site, self.sku, self.velocity, self.family, self.zone

    @property
    def title(self) -> str:
        """The rule's name."""
        what = self.sku or self.family or self.zone or (f"class {self.velocity}" if self.velocity else "every SKU")
        where = f" in {self.zone}" if self.sku and self.zone else ""
        return f"Limits of {what}{where}"[:100]


@router.post("/stock-limits/import", response_model=LimitsWritten, max_body_size=4 * 2**20, openapi_extra=CSV_BODY)
async def import_limits(once: Once, request: Request, caller: Manager) -> Response:
    """Enter limits from CSV; a row replaces the rules that speak of the same. All rows or none."""
    check_media_type(request.headers.get("content-type"), "text/csv")
    rows = read_rows(await request.body(), LimitRow, (), MOST_ROWS)
    _check_rows(caller, rows)

    async def work(transaction: Transaction) -> Response:
        return reply(await _write(transaction, caller, rows))

    return await once(caller, work)


def _check_rows(caller: Caller, rows: list[LimitRow]) -> None:
    first: dict[tuple[str | None, ...], int] = {}
    for number, row in enumerate(rows, 1):
        if first.setdefault(row.key, number) != number:
            raise told([(f"row {number}", f"speaks of the same as row {first[row.key]}")])
        if row.site is None:
            caller.check_everywhere()
        caller.check(row.site)


async def _write(transaction: Transaction, caller: Caller, rows: list[LimitRow]) -> dict[str, Any]:
    listed = [{**row.model_dump(), "name": row.title} for row in rows]
    values = {"rows": to_json(listed).decode(), "by": caller.name}
    await transaction.run(_SQL["lock_limits"])
    missing = await transaction.one(_SQL["limit_names_missing"], values)
    if missing:
        named = getattr(rows[missing["place"]], missing["field"])
        raise told([(f"row {missing['place'] + 1}, {missing['field']}", f"there is no {missing['field']} {named!r}")])
    before = (await transaction.one(_SQL["limits_before"], values) or {})["rules"]
    await transaction.run(_SQL["forget_limits"], values)
    await transaction.run(_SQL["write_limits"], values)
    count = await transaction.one(_SQL["count_limits"])
    if count is not None and count["limits"] > MOST_LIMITS:
        raise Problem(409, f"there would be more than {MOST_LIMITS:,} limits of single SKUs; let classes speak of them")
    await audit(transaction, caller, "stock_limits.import", "alert-rules", before=before, after=listed)
    return {"written": len(rows), "replaced": len(before or [])}
