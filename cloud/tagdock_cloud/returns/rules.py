"""May goods be taken back, what may become of them, and what may the customer get? Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final, Literal

from tagdock_cloud.life.records import Grade

ReturnKind = Literal["self_return", "undelivered", "refused", "exchange", "repair"]
ReturnState = Literal["declined", "announced", "on_hold", "received", "decided", "closed", "cancelled"]
Outcome = Literal["restock", "repack", "repair", "exchange", "scrap", "back_to_supplier", "back_to_customer"]
Liable = Literal["customer", "carrier", "product", "warehouse"]
Payer = Literal["customer", "carrier", "house"]
Rule = Literal["no_application", "detail_missing", "past_deadline", "own_fault", "declined"]

UNANNOUNCED: Final = "unannounced"
"""The reason of a case that a door opened."""
ROUTES: Final[Mapping[Grade, frozenset[Outcome]]] = MappingProxyType(
    {
        "A": frozenset({"restock", "repack", "exchange", "back_to_customer"}),
        "B": frozenset({"repack", "repair", "exchange", "back_to_supplier", "back_to_customer"}),
        "C": frozenset({"repair", "scrap", "exchange", "back_to_supplier", "back_to_customer"}),
    }
)
"""What may become of goods of each grade."""
OWN_ROUTE: Final[Mapping[Grade, Outcome]] = MappingProxyType({"A": "restock", "B": "repack", "C": "scrap"})
"""What becomes of the goods themselves where the customer gets others."""
_PAYERS: Final[Mapping[Liable, Payer]] = MappingProxyType(
    {"customer": "customer", "carrier": "carrier", "product": "house", "warehouse": "house"}
)

CHANGED_IN: Final[Mapping[str, tuple[ReturnState, ...]]] = MappingProxyType(
    {
        "accept": ("declined", "on_hold"),
        "decline": ("announced",),
        "cancel": ("announced", "declined"),
        "close": ("decided",),
    }
)
"""In which states a case has to be for what people change of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms goods are taken back. `reasons`: each with `liability` and `own_fault`."""

    deadline_days: int
    grace_days: int
    warranty_days: int
    needs: Sequence[str]
    refuses_own_fault: bool
    reasons: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands against a return, and in words."""

    rule: Rule
    text: str


def terms_of(row: Mapping[str, Any]) -> Terms:
    """Read a row of `return_terms`."""
    return Terms(**{name: row[name] for name in Terms.__slots__})


def new_ref(now: datetime) -> str:
    """Make up the reference of a case: its day, and enough chance that nobody guesses another one's."""
    return f"R-{now:%Y%m%d}-{token_hex(5)}"


def against_application(terms: Terms, case: Mapping[str, Any], at: datetime) -> list[Finding]:
    """Return what stands against an application at the moment at which it is made."""
    found = [
        Finding("detail_missing", f"{need}: the terms ask for it") for need in terms.needs if not _told(case, need)
    ]
    found += _past(case, at, terms)
    if terms.refuses_own_fault and terms.reasons.get(case["reason"], {}).get("own_fault"):
        found.append(Finding("own_fault", f"{case['reason']}: the customer's own fault, which the terms refuse"))
    return found


def against_arrival(terms: Terms, case: Mapping[str, Any], at: datetime) -> list[Finding]:
    """Return what stands against goods that came through a door; what a manager set aside stands no more."""
    if case["reason"] == UNANNOUNCED:
        return [Finding("no_application", "nobody applied for it")]
    found = against_application(terms, case, case["applied_at"])
    if case["state"] == "declined":
        found.append(Finding("declined", "it was declined, and was sent all the same"))
    until = case["applied_at"] + timedelta(days=terms.grace_days)
    if case["kind"] in ("self_return", "exchange") and at > until:
        found.append(Finding("past_deadline", f"it had to be here by {until.date()}"))
    return [finding for finding in found if finding.rule not in case["overruled"]]


def freight_payer(liable: Liable | None) -> Payer | None:
    """Return who pays the freight where nothing else was agreed: who is liable; the house for its goods and work."""
    return None if liable is None else _PAYERS[liable]


def against_outcome(case: Mapping[str, Any], line: Mapping[str, Any], outcome: Outcome, seen: "Seen") -> str | None:
    """Return why an outcome may not be decided; None where it may."""
    if line["epc"] is None or line["received_at"] is None:
        return "it has not come yet"
    if line["outcome"] not in {None, "repair"} or line["done_at"] is not None:
        return f"it was decided: {line['outcome']}"
    if case["state"] not in ("received", "decided"):
        is_refused = outcome == "back_to_customer" and case["state"] == "on_hold"  # it goes back as it came
        return None if is_refused else f"the case is {case['state'].replace('_', ' ')}: it has to be accepted first"
    return _against_goods(outcome, seen)


def _against_goods(outcome: Outcome, seen: "Seen") -> str | None:
    if not seen.is_cleared or seen.grade is None:
        return "its inspections are not done: two by two people, or one where the table of lives waives the second"
    if outcome not in ROUTES[seen.grade]:
        return f"grade {seen.grade} leads to {', '.join(sorted(ROUTES[seen.grade]))}"
    return None


@dataclass(frozen=True, slots=True)
class Seen:
    """What inspections found since an item came back. `is_cleared`: those that it owed are done."""

    grade: Grade | None
    is_cleared: bool


def against_remedy(case: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> str | None:
    """Return why a refund or an exchange may not be told; None where its inspections permit it."""
    if case["state"] not in ("received", "decided", "closed"):
        return f"the case is {case['state'].replace('_', ' ')}"
    for name in ("refunded_at", "exchanged_at", "reshipped_order"):
        if case[name] is not None:
            return f"the customer got something already: {name.partition('_')[0]}"
    if any(line["received_at"] is not None and line["outcome"] is None for line in lines):
        return "its inspections have not led to an outcome for everything that came"
    return None if permitted(case, lines) else "nothing that came permits it: see grade, outcome and liability"


def against_reship(case: Mapping[str, Any]) -> str | None:
    """Return why goods may not be sent again before the parcel is back; None where they may."""
    if case["kind"] != "undelivered" or case["state"] != "announced" or case["received_at"] is not None:
        return "only what was not delivered, and is not back yet, is shipped again before receipt"
    if case["reshipped_order"] is not None:
        return f"it was shipped again by the order {case['reshipped_order']}"
    return None


def permitted(case: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the lines for which a customer gets money or goods: sound, or faulty by somebody else's fault."""
    return [
        line
        for line in lines
        if line["outcome"] not in {None, "back_to_customer", "repair"}
        and (line["grade"] in {"A", "B"} or case["liability"] not in {None, "customer"})
    ]


def _told(case: Mapping[str, Any], need: str) -> bool:
    return bool(case.get("order_id" if need == "order" else need))


def _past(case: Mapping[str, Any], at: datetime, terms: Terms) -> list[Finding]:
    days = {"self_return": terms.deadline_days, "exchange": terms.deadline_days, "repair": terms.warranty_days}
    allowed = days.get(case["kind"])
    if allowed is None or case["bought_at"] is None or at <= case["bought_at"] + timedelta(days=allowed):
        return []
    return [Finding("past_deadline", f"bought on {case['bought_at'].date()}, more than {allowed} days before")]
