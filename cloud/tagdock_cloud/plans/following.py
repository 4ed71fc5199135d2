"""Tasks of approved plans, followed by what was read of their goods."""

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.plans.rules import told
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit_values

LATE_AFTER_H = 24
"""A task that could be done for a day, and whose goods were not read in the new bin, is flagged."""

READS = Caller("reads", "operator", kind="command")
"""Who changed a task, where nobody did: the record."""

_SQL = load_queries("tagdock_cloud.plans")
_AUDIT = load_queries("tagdock_cloud.web")["audit"]


def confirm_tasks(connection: Connection[DictRow]) -> None:
    """End the tasks whose goods were read in their new bin."""
    for move in connection.execute(_SQL["confirm_moves"]).fetchall():
        _tell(connection, "move.done", {**move, "decided_by": READS.name})


def flag_tasks(connection: Connection[DictRow], late_after_h: int = LATE_AFTER_H) -> None:
    """Flag the tasks that went wrong, as far as reads can tell."""
    for move in connection.execute(_SQL["flag_moves"], {"late_after_h": late_after_h}).fetchall():
        _tell(connection, "move.flag", move)


def _tell(connection: Connection[DictRow], action: str, move: DictRow) -> None:
    body = told(move["plan_id"], move)
    subject = f"plan/{move['plan_id']}/move/{move['step']}"
    connection.execute(_AUDIT, audit_values(READS, action, subject, site=move["site"], after=body))
    connection.execute(_SQL["tell"], {"site": move["site"], "body": to_json(body).decode()})
