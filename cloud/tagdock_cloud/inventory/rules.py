"""What an EPC in a request means. Pure."""

from collections.abc import Sequence
from typing import Protocol

from tagdock_cloud.inventory.epc import RAW, epc_candidates, kept_form, own_link, urn_of_link
from tagdock_cloud.web.problems import Problem, refused


def candidates(text: str, field: str = "epc") -> tuple[str, ...]:
    """Return the forms that an asked-for EPC may have on record. Raises Problem (422) where it is no EPC."""
    forms = epc_candidates(text)
    if not forms:
        raise refused(field, "must be an EPC: hex, urn:epc:id:..., urn:epc:tag:... or a GS1 Digital Link")
    return forms


class Told(Protocol):
    """An EPC in a body, and what is said of it."""

    @property
    def epc(self) -> str | None:
        """Hex, URN or GS1 Digital Link."""

    @property
    def plus(self) -> bool:
        """Whether the tag is of a scheme that is named by its link."""

    @property
    def company_prefix_digits(self) -> int | None:
        """Of the company prefix in a link, which does not say it."""


def told_form(one: Told, where: str) -> str | None:
    """Return the one form under which a gateway will report an item's tag, None where only the record can tell.

    `where`: what its fields begin with, such as `items[3].`. Raises Problem (422) where what is said of the EPC does
    not fit it.
    """
    epc = one.epc or ""
    if one.plus:
        link = own_link(epc)
        if link is None:
            raise refused(f"{where}plus", "only a tag that is named by a Digital Link is of a + scheme")
        return link
    if one.company_prefix_digits is not None:
        urn = urn_of_link(epc, one.company_prefix_digits)
        if urn is None:
            raise refused(f"{where}company_prefix_digits", "epc must be a Digital Link with such a company prefix")
        return urn
    return kept_form(epc)


def settled_form(one: Told, told: str | None, recorded: Sequence[str], where: str) -> str:
    """Return the form under which an EPC is kept: as it was told, else the only one that is on record.

    Raises Problem (422) where nobody can tell.
    """
    form = told or (recorded[0] if len(recorded) == 1 else None)
    if form is None:
        raise refused(f"{where}epc", _why_not(one.epc or ""))
    return form


def check_distinct(forms: Sequence[str], places: Sequence[str]) -> None:
    """Raise Problem (422) naming the first EPC that stands at an earlier place in other words."""
    first: dict[str, str] = {}
    for form, where in zip(forms, places, strict=True):
        if first.setdefault(form, where) != where:
            raise refused(f"{where}epc", f"is the same EPC as {first[form]}epc")


def missing_place(row: dict[str, object]) -> Problem:
    """Build the problem for an item registered at a site or bin that is not on record."""
    if row["site_known"]:
        return refused(f"items[{row['place']}].bin", f"site {row['site']} has no bin {row['bin']!r}; import it first")
    return refused(f"items[{row['place']}].site", f"there is no site {row['site']!r}; import its layout first")


def _why_not(text: str) -> str:
    forms = epc_candidates(text)
    if forms and forms[0].startswith(RAW):
        return "only SGTIN-96 and SSCC-96 are read from hex; write the URN (urn:epc:id:...), or the link of a + scheme"
    if forms:
        return (
            "a Digital Link does not tell which tag it stands for: add plus (a tag of a + scheme) or "
            "company_prefix_digits, or write the URN (urn:epc:id:...) or the hex"
        )
    return "must be an EPC: urn:epc:id:..., urn:epc:tag:..., hex, or a GS1 Digital Link"
