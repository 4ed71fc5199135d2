"""The log of what was told follows the record: new movements become events, corrections declare errors.

One worker at a time does this, in one transaction with how far it has got: a killed worker loses and doubles nothing.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tagdock_cloud.epcis.log import namings, papers, write
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.epcis.telling import Declaration, digest_of, place_name, said_of, step_of
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

ROWS: Final = 2000
"""Movements in one statement, about a tenth of a second of work."""
BUDGET_S: Final = 2.0
"""After this time the rest waits for the next run, so that other duties get their turn."""

_SQL = load_queries("tagdock_cloud.epcis")


def tell(connection: Connection[DictRow]) -> None:
    """Tell what settled since the last time, site by site, then what was corrected."""
    row = connection.execute(_SQL["horizon"]).fetchone()
    assert row is not None  # noqa: S101  # a query without `from` has one row
    horizon: datetime = row["horizon"]
    until = time.monotonic() + BUDGET_S
    connection.execute(_SQL["hold_said"])
    sites = connection.execute(_SQL["sites_until"], row).fetchall()
    if all(_tell_site(connection, site, until) for site in sites):
        _tell_corrections(connection, min([horizon, *(site["horizon"] for site in sites)]), until)


def _tell_site(connection: Connection[DictRow], site: Mapping[str, Any], until: float) -> bool:
    """Tell what is new in one site; False where time was up before all was told."""
    key = {name: site[name] for name in ("at", "observed_at", "id")}
    while True:
        asked = {"site": site["site"], "horizon": site["horizon"], "rows": ROWS, **key}
        movements = _come_back(connection, connection.execute(_SQL["untold"], asked).fetchall())
        if not movements:
            return True
        write(connection, filter(None, (_row(*told) for told in _with_words(connection, site["site"], movements))))
        last = movements[-1]
        key = {"at": last["stored_at"], "observed_at": last["observed_at"], "id": last["movement_id"]}
        connection.execute(_SQL["get_to"], {"what": f"site/{site['site']}", **key})
        if len(movements) < ROWS:
            return True
        if time.monotonic() > until:
            return False


_Told = tuple[Mapping[str, Any], Naming, Mapping[str, Any] | None]


def _with_words(connection: Connection[DictRow], site: str, movements: Sequence[Mapping[str, Any]]) -> Iterable[_Told]:
    """Return movements of one site, each with how its places are called and the paper that it passed under."""
    naming = namings(connection, site, {place_name(row["door"], row["bin"]) for row in movements})
    found = papers(connection, movements)
    return [(movement, naming, found.get(n)) for n, movement in enumerate(movements)]


def _come_back(connection: Connection[DictRow], movements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return movements that are told whether their item came back: what left by a transfer did not."""
    left = [movement for movement in movements if movement["left_before"]]
    values = {
        "ids": [movement["movement_id"] for movement in left],
        "sites": [movement["left_site"] for movement in left],
        "epcs": [movement["epc"] for movement in left],
        "ats": [movement["left_at"] for movement in left],
    }
    sent = {row["movement_id"] for row in connection.execute(_SQL["by_transfer"], values).fetchall()} if left else set()
    return [
        {**movement, "left_before": movement["left_before"] and movement["movement_id"] not in sent}
        for movement in movements
    ]


def _row(
    movement: Mapping[str, Any], naming: Naming, paper: Mapping[str, Any] | None, revision: int = 1
) -> dict[str, Any] | None:
    """Return the row of the log for a settled movement; None for what is not told."""
    step = step_of(movement["door"], movement["direction"], left_before=movement["left_before"])
    if step is None:
        return None
    row = {name: movement[name] for name in ("site", "observed_at", "movement_id", "epc")}
    row |= {"place": place_name(movement["door"], movement["bin"]), "step": step, "revision": revision}
    row["said"] = said_of(row, naming, paper)
    return {**row, "digest": digest_of(row)}


def _tell_corrections(connection: Connection[DictRow], horizon: datetime, until: float) -> None:
    """Declare what corrections made wrong, and tell what stands in its place. All sites are told up to the horizon."""
    while True:
        corrections = connection.execute(_SQL["corrections_since"], {"horizon": horizon, "rows": ROWS}).fetchall()
        for correction in corrections:
            if correction["is_reached"]:
                _tell_correction(connection, correction)
        if corrections:
            last = corrections[-1]
            keys = {"at": last["corrected_at"], "observed_at": last["observed_at"], "id": last["correction_id"]}
            connection.execute(_SQL["get_to"], {"what": "corrections", **keys})
        if len(corrections) < ROWS or time.monotonic() > until:
            return


def _tell_correction(connection: Connection[DictRow], correction: Mapping[str, Any]) -> None:
    told = connection.execute(_SQL["told_of"], correction).fetchall()
    if not told and correction["is_forgotten"]:
        return  # nobody can say any more what was told of it
    standing = next((row for row in reversed(told) if row["is_standing"]), None)
    settled = _come_back(connection, connection.execute(_SQL["settled_as"], correction).fetchall())
    words = _with_words(connection, correction["site"], settled)
    wanted = next((row for row in (_row(*one, len(told) + 1) for one in words) if row is not None), None)
    if _meaning(wanted) == _meaning(standing):
        return
    rows = [] if wanted is None else [wanted]
    if standing is not None:
        rows.append(_declared(connection, correction, standing, wanted))
    write(connection, rows)


def _meaning(row: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if row is None else (row["place"], row["step"])


def _declared(
    connection: Connection[DictRow],
    correction: Mapping[str, Any],
    standing: Mapping[str, Any],
    wanted: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the row that declares an event an error, naming what stands in its place where there is such a thing."""
    corrective = wanted["digest"] if wanted else None
    if wanted is None and correction["lost_to"] is not None:
        won = connection.execute(_SQL["told_of"], {**correction, "movement_id": correction["lost_to"]}).fetchall()
        corrective = next((row["digest"] for row in reversed(won) if row["is_standing"]), None)
    reason: Any = "did_not_occur" if corrective is None else "incorrect_data"
    said = Declaration(correction["corrected_at"], reason, corrective)
    names = ("site", "observed_at", "movement_id", "epc", "place", "step", "revision", "digest", "said_id")
    return {
        **{name: standing[name] for name in names},
        "declared_at": said.declared_at, "reason": said.reason,
        "corrective": None if corrective is None else corrective.hex(),
    }  # fmt: skip
