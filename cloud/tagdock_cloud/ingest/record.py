"""Commit groups of batches to the record, and move the projections in the same transaction."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tagdock_contract import GatewayAddress, encode

from tagdock_cloud.ingest import rows as staged
from tagdock_cloud.ingest.admit import Accepted, Refused, Reported, name_of, refuse
from tagdock_cloud.ingest.caution import Caution
from tagdock_cloud.ingest.projections import (
    CAREFUL,
    FOLLOW,
    QUICK,
    STORE_BIN_READINGS,
    STORE_READER_EVENTS,
    WARY,
    Step,
)
from tagdock_cloud.store.errors import (
    ContendedError,
    DatabaseUnavailableError,
    RowDoubledError,
    RowRefusedError,
    StoreError,
)
from tagdock_cloud.store.pool import Connection, DictRow, connect, translated
from tagdock_cloud.store.queries import load_queries

logger = logging.getLogger(__name__)
_SQL = load_queries("tagdock_cloud.ingest")

REFUSED_OF_GATEWAY = 100
REFUSED_OF_ALL = 1_000
"""Refused batches that are kept: with 2 MiB a payload at most, 2 GiB at the very worst."""
KNOWN_FOR_S = 2.0
"""A gateway that was registered is taken for registered so long: a removed one is refused that much later."""
CONTENDED_AT_MOST = 3
"""Times in a row that a group is written anew at once; then whoever feeds us waits as for a database that is away."""
GROUPS_WARY_OF_DOUBLES = 50
"""After a group that held something known, so many groups are stored warily: who sends again sends much."""


class _NotQuickError(Exception):
    """Not every item of the group stepped on; nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group came to: every batch is in one of the two, and the database holds both."""

    committed: Sequence[Accepted]
    refused: Sequence[Refused]


class Recorder:
    """One connection to the database that writes groups, one transaction each.

    Every method raises DatabaseUnavailableError or StoreError when the database did not take it: then nothing of that
    call counts, and it may be repeated, as the record takes no event twice. `writer` is its number among those of one
    program that write at once (0 to 32,767): passages by hour are counted apart by each.
    """

    def __init__(self, database: str, *, client_id: str, is_open: bool, writer: int = 0) -> None:
        self._database = database
        self._client_id = client_id
        self._is_open = is_open
        self._writer = writer
        self._connection: Connection[DictRow] | None = None
        self._months: set[tuple[int, int]] = set()
        self._is_wide = False
        self._wary_groups = 0
        self._caution = Caution()
        self._known: dict[GatewayAddress, float] = {}

    def close(self) -> None:
        """Give the connection up; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def open(self) -> None:
        """Connect, unless it is connected."""
        if self._connection is not None and not self._connection.closed:
            return
        connection = connect(self._database, name=self._client_id)
        with translated():
            connection.execute(_SQL["staging"])
            connection.execute(_SQL["apart"], {"writer": str(self._writer)})
            connection.execute(_SQL["count_started"], {"client_id": self._client_id})
            connection.commit()
        self._connection = connection
        self._months.clear()
        self._is_wide = False

    def record(
        self, accepted: Sequence[Accepted], refused: Sequence[Refused], reports: Sequence[Reported],
        rows: staged.Rows | None = None,
    ) -> Outcome:  # fmt: skip
        """Commit a group. Batches of gateways that nobody registered, or that the database refuses, are refused.

        `rows` are those of all that is accepted, where somebody has made them already.
        """
        try:
            with translated():
                return self._record(accepted, refused, reports, rows)
        except StoreError:
            self.close()  # whatever state it is in, a new connection is in none
            raise

    def _record(
        self, accepted: Sequence[Accepted], refused: Sequence[Refused], reports: Sequence[Reported],
        rows: staged.Rows | None,
    ) -> Outcome:  # fmt: skip
        self.open()
        strange = self._unregistered([*accepted, *reports])
        welcome = [batch for batch in accepted if batch.address not in strange] if strange else accepted
        strangers = (
            [refuse(one, _stranger(one.address)) for one in accepted if one.address in strange] if strange else []
        )
        committed, poisoned = self._commit(welcome, None if strange else rows)
        turned_down = [*refused, *strangers, *poisoned]
        if turned_down or reports:
            self._note(turned_down, reports)
        return Outcome(committed, turned_down)

    def sites(self) -> list[str]:
        """List the registered sites."""
        try:
            self.open()
            with self._transaction() as connection:
                return [row["site"] for row in connection.execute(_SQL["sites"]).fetchall()]
        except StoreError:
            self.close()
            raise

    def _unregistered(self, senders: Iterable[Accepted | Reported]) -> set[GatewayAddress]:
        """Tell who of these is not registered; who was a moment ago is not asked for again."""
        now_s = time.monotonic()
        addresses = _addresses(senders)
        self._known = {address: until_s for address, until_s in self._known.items() if until_s > now_s}
        if unsure := sorted(addresses - self._known.keys(), key=lambda a: (a.site, a.gateway)):
            self._known |= dict.fromkeys(self._look_up(unsure), now_s + KNOWN_FOR_S)
        return addresses - self._known.keys()

    def _look_up(self, addresses: Sequence[GatewayAddress]) -> list[GatewayAddress]:
        columns = _columns(addresses)
        with self._transaction() as connection:
            if self._is_open:
                connection.execute(_SQL["register"], columns)
            found = connection.execute(_SQL["registered"], columns).fetchall()
        return [GatewayAddress(row["site"], row["gateway"]) for row in found]

    def _commit(
        self, group: Sequence[Accepted], rows: staged.Rows | None = None
    ) -> tuple[list[Accepted], list[Refused]]:
        """Commit a group; where a row poisons it, halve it until the batch is found that cannot be stored."""
        if not group:
            return [], []
        rows = rows or staged.rows_of(group)
        try:
            self._write_in_turn(group, rows)
        except _NotQuickError:
            self._caution.alarm()
            return self._commit(group, rows)
        except RowDoubledError:
            self._wary_groups = GROUPS_WARY_OF_DOUBLES
            return self._commit(group, rows)
        except RowRefusedError as error:
            return self._part(group, error)
        return list(group), []

    def _part(self, group: Sequence[Accepted], error: RowRefusedError) -> tuple[list[Accepted], list[Refused]]:
        """Commit what can be of a group that was refused."""
        if self._months:  # a partition that was there may have been dropped: no row's fault
            self._months.clear()
            return self._commit(group)
        if len(group) == 1:
            logger.warning("the database refuses batch=%s: %s", name_of(group[0]), error)
            return [], [refuse(group[0], f"the database refuses it: {error}")]
        middle = len(group) // 2
        first, second = self._commit(group[:middle]), self._commit(group[middle:])
        return first[0] + second[0], first[1] + second[1]

    def _write_in_turn(self, group: Sequence[Accepted], rows: staged.Rows) -> None:
        """Write a group, again where somebody else and we waited for each other.

        Items that are there are held in one order; one that somebody else adds meanwhile is not among them, and by the
        next time it is.
        """
        for _ in range(CONTENDED_AT_MOST):
            try:
                return self._write(group, rows)
            except ContendedError as error:
                logger.info("storing a group once more: %s", error)
        return self._write(group, rows)

    def _write(self, group: Sequence[Accepted], rows: staged.Rows) -> None:
        months = self._ensure_partitions(group)
        is_wary = self._wary_groups > 0
        is_careful = self._caution.left > 0 or not staged.all_step(rows.movements)
        movements = staged.without_doubles(rows.movements) if is_wary else rows.movements
        self._make_room(movements)
        with self._group() as connection:
            _copy(connection, "movements", movements, staged.MOVEMENT_TYPES)
            _copy(connection, "bin_readings", rows.bin_readings, staged.BIN_READING_TYPES)
            _copy(connection, "reader_events", rows.reader_events, staged.READER_EVENT_TYPES)
            with connection.pipeline():
                count = _store(connection, rows, WARY if is_wary else CAREFUL if is_careful else QUICK)
            if not (is_wary or is_careful) and count("items_step") < len(movements):
                raise _NotQuickError
            stored = len(movements) - count("store_missing")
            stored += count("store_bin_readings") + count("store_reader_events")
            with connection.pipeline():  # what is counted here is held until the commit: nothing waits for Python
                _follow(connection, rows)
                connection.execute(_SQL["gateways_stored"], _columns(_addresses(group)))
                self._count(connection, group, events=len(rows), doubled=len(rows) - stored)
                connection.commit()
        self._wary_groups -= is_wary
        self._caution.note_stored(with_care=is_wary or is_careful)
        self._months |= months

    def _make_room(self, movements: Sequence[staged.Row]) -> None:
        """Let evidence be longer than a page from now on, where some of it is."""
        if not (self._is_wide or staged.are_narrow(movements)):
            with self._transaction() as connection:
                connection.execute(_SQL["staging_wide"])
            self._is_wide = True

    def _count(self, connection: Connection[DictRow], group: Sequence[Accepted], *, events: int, doubled: int) -> None:
        counts = {"stored": events - doubled, "doubled": doubled, "batches": len(group), "events": events}
        sent_at = staged.oldest_sent_at(group)
        connection.execute(_SQL["count_group"], {**counts, "client_id": self._client_id, "sent_at": sent_at})

    def _ensure_partitions(self, group: Sequence[Accepted]) -> set[tuple[int, int]]:
        """Make the partitions that the group needs, in a transaction of their own: it locks the tables for a moment."""
        months = set(staged.months_of(group)) - self._months
        for year, month in sorted(months):
            at = datetime(year, month, 1, tzinfo=UTC)
            try:
                self._ensure_partition(at)
            except DatabaseUnavailableError:
                raise
            except StoreError:  # another program made it at this very moment: then it is there now
                self._ensure_partition(at)
        return months

    def _ensure_partition(self, at: datetime) -> None:
        with self._transaction() as connection:
            connection.execute(_SQL["ensure_partitions"], {"at": at})

    def _note(self, refused: Sequence[Refused], reports: Sequence[Reported]) -> None:
        with self._transaction() as connection:
            for one in refused:
                connection.execute(_SQL["refuse"], _refusal(one))
            if refused:
                connection.execute(_SQL["forget_refused"], {"of_gateway": REFUSED_OF_GATEWAY, "of_all": REFUSED_OF_ALL})
                connection.execute(_SQL["count_refused"], {"refused": len(refused), "client_id": self._client_id})
            for report in {report.address: report for report in reports}.values():  # the last one of each counts
                connection.execute(_SQL["report"], _report(report))

    @contextmanager
    def _group(self) -> Iterator[Connection[DictRow]]:
        """Begin a transaction that its user commits; what fails before is rolled back."""
        assert self._connection is not None, "open() comes first"  # noqa: S101
        with translated():
            try:
                yield self._connection
            except BaseException:
                if not self._connection.broken:
                    self._connection.rollback()
                raise

    @contextmanager
    def _transaction(self) -> Iterator[Connection[DictRow]]:
        assert self._connection is not None, "open() comes first"  # noqa: S101
        with translated(), self._connection.transaction():
            yield self._connection


def _copy(connection: Connection[DictRow], table: str, rows: Sequence[staged.Row], types: Sequence[str]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(_SQL[f"copy_{table}"]) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _store(connection: Connection[DictRow], rows: staged.Rows, way: Sequence[Step]) -> Callable[[str], int]:
    """Move what was staged into the record, and the items with it, in one piece.

    Returns a function that tells of how many rows a step spoke, 0 where it was left out; it knows once the piece is
    through. `store_missing` speaks of those that were there.
    """
    steps = [*way] if rows.movements else []
    steps += [STORE_BIN_READINGS] if rows.bin_readings else []
    steps += [STORE_READER_EVENTS] if rows.reader_events else []
    cursors = {step.name: connection.execute(step.statement, prepare=True) for step in steps}
    return lambda name: cursors[name].rowcount if name in cursors else 0


def _follow(connection: Connection[DictRow], rows: staged.Rows) -> None:
    """Move what follows from the movements that were new, and is counted together with other writers."""
    for step in FOLLOW if rows.movements else ():
        connection.execute(step.statement, prepare=True)


def _addresses(senders: Iterable[Accepted | Reported]) -> set[GatewayAddress]:
    """List who sent; addresses that are one object, as nearly all are, are not compared again."""
    return set({id(sender.address): sender.address for sender in senders}.values())


def _columns(addresses: Iterable[GatewayAddress]) -> dict[str, list[str]]:
    listed = list(addresses)
    return {"sites": [address.site for address in listed], "gateways": [address.gateway for address in listed]}


def _stranger(address: GatewayAddress) -> str:
    return f"the gateway is not registered: tagdock-cloud gateways add {address.site}/{address.gateway}"


def _refusal(one: Refused) -> dict[str, Any]:
    values = {"site": one.address.site, "gateway": one.address.gateway, "epoch": one.epoch, "seq": one.seq}
    return {**values, "reason": one.reason.replace("\x00", "?"), "payload": one.payload}


def _report(report: Reported) -> dict[str, Any]:
    values = {"site": report.address.site, "gateway": report.address.gateway, "at": report.status.at}
    return {**values, "status": encode(report.status).decode(), "is_retained": report.is_retained}
