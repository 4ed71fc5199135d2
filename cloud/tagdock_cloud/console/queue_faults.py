"""What is wrong behind the gateways, each in one sentence with its remedy: queues, due work, refusals, room. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tagdock_cloud.console.faults import Fault, Row
from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import ngettext
from tagdock_cloud.console.words import number

LAG_S = 10.0
"""From a batch's sending to its commit; a service that keeps up needs well under a second."""
WAITS_LONG = timedelta(minutes=1)
IDLE_WORK_S = 120.0
"""Some duty is due every few seconds: where none was done for so long, no worker runs."""
LEAST_FREE = 0.2
"""Of a disk: as docs/operations.md alarms."""
PARTITIONS_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Disk:
    """Room of the disk that the data lies on, in bytes."""

    total_bytes: int
    free_bytes: int

    @property
    def free_share(self) -> float:
        """Free room as a share."""
        return self.free_bytes / self.total_bytes if self.total_bytes else 0.0


def ingest_faults(gateways: Sequence[Row], ingests: Sequence[Row], now: datetime) -> Iterator[Fault]:
    """Tell whether what gateways have to say is stored as it comes."""
    waiting = [row for row in gateways if row["freshness"] == "fresh" and _waits(row, now)]
    if waiting:
        events = sum(row["outbox_events"] for row in waiting)
        yield Fault(
            "bad",
            ", ".join(row["gateway"] for row in waiting[:5]),
            _("%(events)s events wait at gateways that are heard: they are not stored.") % {"events": number(events)},
            _("See that ingest runs (tagdock-cloud ingest, or serve) and reaches the database. Nothing is lost."),
            min(row["oldest_unacked_at"] for row in waiting),
        )
    for row in ingests:
        if row["last_lag_s"] is not None and row["last_lag_s"] > LAG_S and now - row["last_committed_at"] < WAITS_LONG:
            yield Fault(
                "warn",
                row["client_id"],
                _("Ingest is %(seconds)s s behind.") % {"seconds": number(row["last_lag_s"])},
                _("It catches up after a cut. If it stays so, share the sites among several (--share)."),
            )


def _waits(row: Row, now: datetime) -> bool:
    return bool(row["outbox_events"] and row["oldest_unacked_at"] and now - row["oldest_unacked_at"] > WAITS_LONG)


def work_faults(duties: Sequence[Row]) -> Iterator[Fault]:
    """Tell whether due work is done: alerts, webhooks, door sessions, partitions."""
    ages = [row["age_s"] for row in duties if row["age_s"] is not None]
    if not ages or min(ages) > IDLE_WORK_S:
        yield Fault(
            "bad",
            _("Due work"),
            _("No worker runs: no alert is raised, no webhook is sent, no door session is closed."),
            _("Start one: tagdock-cloud work --database URL (serve brings its own)."),
            max((row["done_at"] for row in duties if row["done_at"]), default=None),
        )
        return
    for row in duties:
        if row["failures"]:
            yield Fault(
                "warn",
                row["duty"],
                ngettext("It failed once: %(error)s", "It failed %(count)s times in a row: %(error)s", row["failures"])
                % {"count": number(row["failures"]), "error": (row["error"] or "?")[:300]},
                _("It is tried again by itself; the worker's log says more."),
                row["failed_at"],
            )


def plan_faults(queue: Row, now: datetime) -> Iterator[Fault]:
    """Tell whether plans that were asked for are worked on."""
    if queue["waiting"] and not queue["solving"] and now - queue["oldest_at"] > WAITS_LONG:
        yield Fault(
            "warn",
            _("Solver"),
            ngettext(
                "A plan waits, and nothing is being solved.",
                "%(count)s plans wait, and nothing is being solved.",
                queue["waiting"],
            )
            % {"count": number(queue["waiting"])},
            _("Start a worker: tagdock-slotting work --database URL"),
            queue["oldest_at"],
        )


def webhook_faults(webhooks: Sequence[Row]) -> Iterator[Fault]:
    """Tell of receivers that do not take what is sent."""
    for row in webhooks:
        error = f" ({row['error'][:200]})" if row["error"] else ""
        if row["dead"]:
            yield Fault(
                "warn",
                row["name"],
                ngettext("A message was given up.", "%(count)s messages were given up.", row["dead"])
                % {"count": number(row["dead"])}
                + error,
                _("Mend its receiver, then send them again below."),
            )
        elif row["failures"]:
            yield Fault(
                "warn",
                row["name"],
                _("Its receiver does not take what is sent.") + error,
                _("It is tried again by itself, for a day."),
                row["oldest_at"],
            )


def refusal_faults(refused: Sequence[Row]) -> Iterator[Fault]:
    """Tell that batches were refused; what to do about each stands beside it."""
    if refused:
        yield Fault(
            "bad",
            ", ".join(sorted({row["gateway"] for row in refused})[:5]),
            ngettext(
                "A batch was refused: what is in it is not stored.",
                "%(count)s batches were refused: what is in them is not stored.",
                len(refused),
            )
            % {"count": number(len(refused))},
            _("Each stands below with its reason and what to do."),
            max(row["refused_at"] for row in refused),
        )


def refusal_remedy(reason: str) -> str:
    """Say what to do about a refused batch."""
    causes = {
        "set the clock": _("Set the gateway's clock (NTP)."),
        "topic's site": _(
            "The gateway's configuration names another site than its registration: correct [gateway] site."
        ),
        "registered": _("Register the gateway: tagdock-cloud gateways add SITE/GATEWAY"),
        "version": _("The gateway speaks another version: upgrade the older of the two."),
    }
    cause = next((words for sign, words in causes.items() if sign in reason), _("Mend what the reason names."))
    return cause + " " + _("Then, on the gateway: tagdock-edge outbox retry")


def room_faults(database: Row, disk: Disk | None, now: datetime) -> Iterator[Fault]:
    """Tell whether the record has room: partitions for the time to come, and disk."""
    until = database["partitions_until"]
    if until is not None and until - now < PARTITIONS_AHEAD:
        yield Fault(
            "bad",
            _("Database"),
            _("The record has partitions until %(day)s only.") % {"day": f"{until:%Y-%m-%d}"},
            _("See that a worker runs: it makes them two months ahead (tagdock-cloud work)."),
        )
    if disk is not None and disk.free_share < LEAST_FREE:
        yield Fault(
            "bad" if disk.free_share < LEAST_FREE / 4 else "warn",
            _("Disk"),
            _("Only %(share)s%% of the disk is free.") % {"share": number(disk.free_share * 100)},
            _("Make room, or keep the record for a shorter time: tagdock-cloud retention"),
        )
