"""What an EPC in a request means. Pure."""

from collections.abc import Sequence

from tagdock_cloud.inventory.epc import RAW, epc_candidates, kept_form
from tagdock_cloud.web.problems import Problem, refused


def candidates(text: str, field: str = "epc") -> tuple[str, ...]:
    """Return the forms that an asked-for EPC may have on record. Raises Problem (422) where it is no EPC."""
    forms = epc_candidates(text)
    if not forms:
        raise refused(field, "must be an EPC: hex, urn:epc:id:... or a GS1 Digital Link")
    return forms


def canonical_epcs(epcs: Sequence[str]) -> list[str]:
    """Return the one form under which each EPC is kept.

    Raises Problem (422) naming the first that is none, does not tell its form, or is another row's in other words.
    """
    kept: dict[str, int] = {}
    for place, text in enumerate(epcs):
        form = kept_form(text)
        if form is None:
            raise refused(f"items[{place}].epc", _why_not(text))
        first = kept.setdefault(form, place)
        if first != place:
            raise refused(f"items[{place}].epc", f"is the same EPC as items[{first}].epc")
    return list(kept)


def missing_place(row: dict[str, object]) -> Problem:
    """Build the problem for an item registered at a site or bin that is not on record."""
    if row["site_known"]:
        return refused(f"items[{row['place']}].bin", f"site {row['site']} has no bin {row['bin']!r}; import it first")
    return refused(f"items[{row['place']}].site", f"there is no site {row['site']!r}; import its layout first")


def _why_not(text: str) -> str:
    forms = epc_candidates(text)
    if forms and forms[0].startswith(RAW):
        return "only SGTIN-96 and SSCC-96 are read from hex; write the URN (urn:epc:id:...)"
    if forms:
        return "a Digital Link does not tell the company prefix's length; write the URN (urn:epc:id:...) or the hex"
    return "must be an EPC: urn:epc:id:... or hex"
