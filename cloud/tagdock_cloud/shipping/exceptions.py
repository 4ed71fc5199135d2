"""What carriers cannot deliver comes back: a case of a return is opened for it, so that its door knows it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.returns.cases import apply
from tagdock_cloud.returns.records import ReturnBody
from tagdock_cloud.shipping.rules import case_of
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.shipping", "shipments.sql")


async def open_cases(transaction: Transaction, caller: Caller, shipment_ids: Iterable[UUID]) -> list[str]:
    """Open a case for each of these shipments that comes back, once; return the new cases' references.

    Where a case cannot be told (the order left in several shipments, its goods are in another case, the site's terms
    don't know the reason), the task of the exception is what remains: a person opens it.
    """
    rows = await transaction.all(_SQL["coming_back"], {"ids": sorted(shipment_ids)})
    return [ref for row in rows if (ref := await _open(transaction, caller, row)) is not None]


async def _open(transaction: Transaction, caller: Caller, row: Mapping[str, Any]) -> str | None:
    told = case_of(row)
    if told is None:
        return None
    try:
        return await apply(transaction, caller, ReturnBody.model_validate(told))
    except (Problem, ValidationError):  # both are raised before anything is written
        return None
