"""How the page Returns says where a case stands, what was found and what comes next. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later
from tagdock_cloud.console.words import known

STATES = {
    "on_hold": later("on hold"),
    "received": later("here"),
    "announced": later("expected"),
    "decided": later("decided"),
    "declined": later("declined"),
    "closed": later("closed"),
    "cancelled": later("called off"),
}
"""In the order in which people ask for them: what waits for somebody first."""
KINDS = {
    "self_return": later("Return"),
    "undelivered": later("Not delivered"),
    "refused": later("Refused at the door"),
    "exchange": later("Exchange"),
    "repair": later("Repair"),
}
REASONS = {
    "changed_mind": later("changed their mind"),
    "misused": later("misused"),
    "refused": later("refused the parcel"),
    "cancelled": later("order was cancelled"),
    "defective": later("defective"),
    "not_as_described": later("not as described"),
    "wrong_item": later("wrong item"),
    "bad_package": later("badly packed"),
    "damaged_in_transit": later("damaged on the way"),
    "not_delivered": later("not delivered"),
    "late": later("came too late"),
    "unannounced": later("nobody applied for it"),
}
"""Reasons of the terms that Tagdock ships; a site's own are shown by their names."""
OUTCOMES = {
    "restock": later("Back into stock"),
    "repack": later("Repack, then into stock"),
    "repair": later("Repair it"),
    "exchange": later("The customer gets another"),
    "scrap": later("Propose to scrap it"),
    "back_to_supplier": later("Back to the supplier"),
    "back_to_customer": later("Back to the customer"),
}
RULES = {
    "no_application": later("Nobody applied for it."),
    "detail_missing": later("A detail is missing that the terms ask for."),
    "past_deadline": later("It is past its deadline."),
    "own_fault": later("It is the customer's own fault."),
    "declined": later("It was declined, and came all the same."),
}
NEEDS = {
    "order": later("Order"),
    "customer": later("Customer's reference"),
    "bought_at": later("Bought on"),
    "carrier": later("Carrier"),
    "tracking": later("Tracking number"),
    "note": later("Note"),
    "photo": later("Where a picture lies"),
}
PARTIES = {
    "customer": later("the customer"),
    "carrier": later("the carrier"),
    "product": later("the product"),
    "warehouse": later("the warehouse"),
    "house": later("the house"),
}
CLAIMS = {"open": later("open"), "paid": later("paid"), "refused": later("refused")}
ROLES = {
    "operator": later("an operator"),
    "inspector": later("an inspector"),
    "technician": later("a technician"),
    "manager": later("a manager"),
}
LIVES = {
    "stored": later("in stock"),
    "held": later("held back"),
    "picked": later("picked"),
    "shipped": later("away"),
    "returned": later("came back"),
    "unpacked": later("unpacked"),
    "inspected": later("inspected once"),
    "graded": later("inspected"),
    "repacking": later("being repacked"),
    "in_repair": later("in repair"),
    "repaired": later("repaired"),
    "scrap_proposed": later("to be scrapped"),
    "scrapped": later("scrapped"),
}
"""States of the table of lives that Tagdock ships; a site's own are shown by their names."""
VERDICTS = {
    "missing": later("It is lost"),
    "found": later("The record is right"),
    "here": later("It stands here"),
    "noted": later("That is how it is"),
    "recount": later("Count it again"),
}
_EVENTS = {
    "applied": later("Applied for"),
    "received": later("Received"),
    "on_hold": later("Came, and is on hold"),
    "taken_over": later("An application took it over"),
    "accepted": later("Accepted"),
    "declined": later("Declined"),
    "cancelled": later("Called off"),
    "closed": later("Closed"),
    "facts": later("Liability or claim noted"),
    "outcome": later("Decided"),
    "refund": later("Refund told"),
    "exchange": later("Exchange told"),
    "reship": later("Sent again"),
    "came_not": later("It had not come after all"),
    "left": later("It left before it was decided"),
}
_NEXT = {
    "announced": later("A door tells when it comes; or scan it and say that it came back."),
    "on_hold": later("A manager accepts it, or it goes back to the customer."),
    "declined": later("A manager may accept it, or it is called off."),
    "received": later("It is inspected, and its outcome is decided."),
    "decided": later("A manager tells the customer, then closes the case."),
}


def life(state: str | None) -> str:
    """Write where an item's life stands."""
    return _("not known yet") if state is None else known(LIVES)(state).replace("_", " ")


def who(actor: str) -> str:
    """Write who did something; what the record tells itself, doors and bins told."""
    return _("a door or a bin") if actor == "record" else actor


def reason(name: str) -> str:
    """Write why goods come back."""
    return known(REASONS)(name).replace("_", " ")


def coming(state: str) -> str:
    """Say what comes next for a case where no task says it."""
    return _(_NEXT[state]) if state in _NEXT else _("Nothing more is to be done.")


def history(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what became of a case and what people found of its items, the newest first: at, who, what, told."""
    found = [
        {"at": each["at"], "who": each["actor"], "what": _("Inspected"), "told": " · ".join(_findings(each))}
        for each in case["inspections"]
    ]
    news = [
        {"at": each["at"], "who": each["actor"], "what": known(_EVENTS)(each["event"]), "told": _told(each)}
        for each in case["news"]
    ]
    return sorted(found + news, key=lambda each: each["at"], reverse=True)


def _findings(inspection: Mapping[str, Any]) -> Iterator[str]:
    found = inspection["findings"]
    yield str(found["grade"])
    yield from found.get("defects", ())
    yield from (found[name] for name in ("package", "photo") if found.get(name))
    yield inspection["epc"].rsplit(":", 1)[-1]


def _told(news: Mapping[str, Any]) -> str:
    detail = news["detail"]
    told = [known(OUTCOMES)(detail["outcome"])] if detail.get("outcome") else []
    told += [known(RULES)(rule) for rule in detail.get("set_aside", ())]
    told += [str(detail[name]) for name in ("reason", "note", "new_order", "by_case", "claim_ref") if detail.get(name)]
    told += [known(PARTIES)(detail[name]) for name in ("liability", "freight_payer") if detail.get(name)]
    return " · ".join(told)


FILTERS: dict[str, Callable[..., Any]] = {
    "case_state": known(STATES),
    "case_kind": known(KINDS),
    "case_reason": reason,
    "outcome": known(OUTCOMES),
    "finding": known(RULES),
    "detail": known(NEEDS),
    "party": known(PARTIES),
    "claim": known(CLAIMS),
    "one_of": known(ROLES),
    "verdict": known(VERDICTS),
    "who": who,
    "life": life,
    "coming": coming,
}
