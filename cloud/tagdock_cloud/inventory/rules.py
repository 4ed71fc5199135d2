"""What an EPC in a request means. Pure."""

from collections.abc import Sequence

from tagdock_cloud.inventory.epc import RAW, epc_candidates, kept_form, own_link, urn_of_link
from tagdock_cloud.inventory.records import ItemRegistration
from tagdock_cloud.web.problems import Problem, refused


def candidates(text: str, field: str = "epc") -> tuple[str, ...]:
    """Return the forms that an asked-for EPC may have on record. Raises Problem (422) where it is no EPC."""
    forms = epc_candidates(text)
    if not forms:
        raise refused(field, "must be an EPC: hex, urn:epc:id:... or a GS1 Digital Link")
    return forms


def told_form(item: ItemRegistration, field: str) -> str | None:
    """Return the one form under which a gateway will report an item's tag, None where only the record can tell.

    Raises Problem (422) where what is said of the EPC does not fit it.
    """
    if item.plus:
        link = own_link(item.epc)
        if link is None:
            raise refused(f"{field}.plus", "only a tag that is named by a Digital Link is of a + scheme")
        return link
    if item.company_prefix_digits is not None:
        urn = urn_of_link(item.epc, item.company_prefix_digits)
        if urn is None:
            raise refused(f"{field}.company_prefix_digits", "epc must be a Digital Link with such a company prefix")
        return urn
    return kept_form(item.epc)


def settled_forms(epcs: Sequence[str], told: Sequence[str | None], recorded: Sequence[Sequence[str]]) -> list[str]:
    """Return the form under which each EPC is kept: as it was told, else the only one that is on record.

    Raises Problem (422) naming the first that nobody can tell, or that is another row's in other words.
    """
    first: dict[str, int] = {}
    for place, (text, form, kept) in enumerate(zip(epcs, told, recorded, strict=True)):
        settled = form or (kept[0] if len(kept) == 1 else None)
        if settled is None:
            raise refused(f"items[{place}].epc", _why_not(text))
        if first.setdefault(settled, place) != place:
            raise refused(f"items[{place}].epc", f"is the same EPC as items[{first[settled]}].epc")
    return list(first)


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
    return "must be an EPC: urn:epc:id:..., hex, or a GS1 Digital Link"
