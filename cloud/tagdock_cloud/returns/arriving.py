"""Doors and benches tell cases: what came, announced or not; what left again; what is back in stock, or gone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.life.rules import AWAY, GONE
from tagdock_cloud.returns.rules import UNANNOUNCED, Finding, against_arrival, new_ref, terms_of
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.kinds import DUE

Row = dict[str, Any]
ITEMS = 500
"""Items a run: more wait for the next one."""
BY = "record"
_SQL = load_queries("tagdock_cloud.returns")


def follow_lives(connection: Connection[DictRow]) -> None:
    """Tell cases of the items whose lives turned."""
    turned = connection.execute(_SQL["turned"], {"rows": ITEMS}).fetchall()
    if not turned:
        return
    epcs = sorted({row["epc"] for row in turned})
    for life in connection.execute(_SQL["turned_lives"], {"epcs": epcs}).fetchall():
        _turned(connection, life)
    connection.execute(_SQL["forget_turned"], {"numbers": [row["number"] for row in turned]})


def _turned(connection: Connection[DictRow], life: Row) -> None:
    if life["is_transfer"]:
        return  # it goes from site to site: neither back to the customer, nor from there
    line = connection.execute(_SQL["line_of"], life).fetchone()
    is_away = life["disposition"] in AWAY
    if line is not None and line["came_at"] is not None:
        _went_on(connection, life, line, is_away=is_away)
    elif line is not None and not is_away:
        _came(connection, life, line)
    elif line is None and life["disposition"] == "returned":
        _unasked(connection, life)


def _came(connection: Connection[DictRow], life: Row, case: Row) -> None:
    """Receive what was announced; what the terms refuse waits for a manager."""
    terms = terms_of(_one(connection, "terms", case))
    findings = against_arrival(terms, case, life["since"])
    connection.execute(_SQL["came"], {**case, "epc": life["epc"], "at": life["since"]})
    state = "on_hold" if findings or case["state"] == "on_hold" else "received"
    _set_state(connection, case, state, findings if state == "on_hold" else None)
    if findings:
        _open_exception(connection, {**case, "epc": life["epc"]}, findings)
    _tell(connection, case, state, {"line": case["line"], "epc": life["epc"], "findings": _texts(findings)})


def _unasked(connection: Connection[DictRow], life: Row) -> None:
    """Match what came by its SKU where just one case waits for such goods; else open a case that is on hold."""
    waiting = connection.execute(_SQL["line_of_sku"], life).fetchall() if life["sku"] is not None else []
    if len(waiting) == 1:
        case = waiting[0]
        connection.execute(_SQL["split"], case)
        connection.execute(_SQL["one_left"], case)
        _came(connection, life, case)
        return
    now = _one(connection, "is_site", life)["now"]
    empty = dict.fromkeys(
        ("order_id", "customer", "bought_at", "carrier", "tracking", "photo", "liability", "freight_payer")
    )
    findings = [Finding("no_application", "nobody applied for it")]
    case = {
        **empty, "case_ref": new_ref(now), "site": life["site"], "kind": "self_return", "state": "on_hold", "note": "",
        "reason": UNANNOUNCED, "findings": _json([asdict(each) for each in findings]), "applied_at": now, "by": BY,
        "epc": life["epc"], "line": 1, "now": now,
    }  # fmt: skip
    connection.execute(_SQL["add"], case)
    lines = [{"line": 1, "epc": life["epc"], "sku": life["sku"], "quantity": 1}]
    connection.execute(_SQL["add_lines"], {**case, "lines": _json(lines)})
    connection.execute(_SQL["came"], {**case, "at": life["since"]})
    _set_state(connection, case, "on_hold", findings)
    _open_exception(connection, case, findings)
    _tell(connection, case, "on_hold", {"line": 1, "epc": life["epc"], "findings": _texts(findings)})


def _went_on(connection: Connection[DictRow], life: Row, line: Row, *, is_away: bool) -> None:
    """Note what became of what had come: back in stock, gone, sent on, or not come at all."""
    if is_away and line["outcome"] is None and life["last_kind"] == "withdrawn":
        connection.execute(_SQL["came_not"], line)
        _tell(connection, line, "came_not", {"line": line["line"], "epc": life["epc"]})
        return
    if is_away and line["outcome"] is None:
        _open_exception(
            connection, line, [Finding("detail_missing", "it left before anybody decided what becomes of it")]
        )
        _tell(connection, line, "left", {"line": line["line"], "epc": life["epc"]})
        return
    if not (is_away or life["is_sellable"] or life["disposition"] in GONE):
        return
    if line["outcome"] in {None, "repair"} and not is_away:
        outcome = "restock" if life["is_sellable"] else "scrap"
        connection.execute(_SQL["decide"], {**line, "grade": life["grade"], "outcome": outcome, "by": BY})
        connection.execute(_SQL["followed_up"], {"epc": life["epc"], "by": BY})
        _tell(connection, line, "outcome", {"line": line["line"], "epc": life["epc"], "outcome": outcome})
    connection.execute(_SQL["done"], line)
    connection.execute(_SQL["end_tasks"], {**line, "by": BY, "kinds": None})
    left = _one(connection, "undecided", line)
    if left["undecided"] == 0 and line["state"] == "received":
        _set_state(connection, line, "decided", None)
        _open_task(connection, {**line, "epc": None}, "follow_up", "manager", "tell the customer, then close the case")


def _open_exception(connection: Connection[DictRow], case: Row, findings: Sequence[Finding]) -> None:
    where = _one(connection, "terms", case)["holding_zone"]
    put = f"; put it into {where}" if where else ""
    _open_task(connection, case, "exception", "manager", "; ".join(_texts(findings)) + put)


def _open_task(connection: Connection[DictRow], case: Row, kind: Any, role: str, why: str) -> None:
    due_at = case["now"] + DUE[kind]
    connection.execute(
        _SQL["open_task"], {**case, "kind": kind, "role": role, "why": why[:1000], "due_at": due_at, "opened_by": None}
    )


def _set_state(connection: Connection[DictRow], case: Row, state: str, findings: Sequence[Finding] | None) -> None:
    told = None if findings is None else _json([asdict(each) for each in findings])
    values = {"case_ref": case["case_ref"], "state": state, "findings": told, "overruled": None}
    connection.execute(_SQL["set_state"], values)


def _tell(connection: Connection[DictRow], case: Row, event: str, detail: Mapping[str, Any]) -> None:
    values = {"case_ref": case["case_ref"], "site": case["site"], "event": event, "by": BY, "detail": _json(detail)}
    connection.execute(_SQL["tell"], values)


def _one(connection: Connection[DictRow], query: str, values: Row) -> Row:
    row = connection.execute(_SQL[query], values).fetchone()
    assert row is not None, query  # noqa: S101  # the house has terms, a life has a site
    return row


def _texts(findings: Sequence[Finding]) -> list[str]:
    return [finding.text for finding in findings]


def _json(content: Any) -> str:
    return to_json(content).decode()
