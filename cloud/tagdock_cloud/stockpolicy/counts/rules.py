"""What a count tells against the record: a comparison of sets, or of units by place and SKU. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tagdock_cloud.stockpolicy.counts.records import Verdict
from tagdock_cloud.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the record has it; `where` in words, such as `bin B2`."""

    epc: str
    sku: str
    units: int
    bin: str
    where: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Found, missing and extra: no EPC is in two of them, found and missing are what was expected."""

    found: frozenset[str]
    missing: frozenset[str]
    extra: frozenset[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as the record has it; `epc` None where units were counted."""

    kind: str
    epc: str | None
    bin: str
    sku: str
    units: int
    record_says: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a count says of a SKU in a bin, in units."""

    bin: str
    sku: str
    expected: int
    missing: int
    extra: int


def compare(expected: Iterable[str], seen: Iterable[str], moved: Iterable[str] = ()) -> Compared:
    """Compare what should be there with what was read; what `moved` while it was counted is left out of both."""
    aside = frozenset(moved)
    should, was = frozenset(expected) - aside, frozenset(seen) - aside
    return Compared(should & was, should - was, was - should)


def differences_of_epcs(
    compared: Compared, expected: Mapping[str, Item], elsewhere: Mapping[str, Item], bin_: str
) -> list[Difference]:
    """Write missing and extra items, each with where the record has it. `bin_`: where it was counted, or ''."""
    missing = [expected[epc] for epc in sorted(compared.missing)]
    extra = [elsewhere.get(epc, Item(epc, "", 1, "", "an unknown tag")) for epc in sorted(compared.extra)]
    return [
        *(Difference("missing", one.epc, one.bin, one.sku, one.units, one.where) for one in missing),
        *(Difference("extra", one.epc, bin_, one.sku, one.units, one.where) for one in extra),
    ]


def differences_of_units(
    expected: Mapping[tuple[str, str], int], counted: Mapping[tuple[str, str], int]
) -> list[Difference]:
    """Write what units lack or are too many, by bin and SKU; what was not told counts as none."""
    found = []
    for bin_, sku in sorted({*expected, *counted}):
        should, is_ = expected.get((bin_, sku), 0), counted.get((bin_, sku), 0)
        kind = "missing" if is_ < should else "extra"
        if is_ != should:
            found.append(Difference(kind, None, bin_, sku, abs(should - is_), f"{should} units, {is_} counted"))
    return found


def lines_of(expected: Mapping[tuple[str, str], int], differences: Iterable[Difference]) -> list[Line]:
    """Add up expected units and differences by bin and SKU; one line at least for what should be there."""
    off: dict[str, Counter[tuple[str, str]]] = {"missing": Counter(), "extra": Counter()}
    for one in differences:
        off[one.kind][one.bin, one.sku] += one.units
    places = sorted({*expected, *off["missing"], *off["extra"]})
    return [Line(*place, expected.get(place, 0), off["missing"][place], off["extra"][place]) for place in places]


def verdicts_on(difference: Mapping[str, object]) -> tuple[Verdict, ...]:
    """Return what may be said of a difference."""
    if difference["epc"] is None:
        return "noted", "recount"
    return ("missing", "found") if difference["kind"] == "missing" else ("here", "found")


def check_verdict(difference: Mapping[str, object], verdict: Verdict) -> None:
    """Raise Problem (409) where a verdict says nothing of such a difference."""
    fitting = verdicts_on(difference)
    if verdict not in fitting:
        what = "units" if difference["epc"] is None else f"an item that is {difference['kind']}"
        raise Problem(409, f"verdict: of {what} it can be {' or '.join(fitting)}, not {verdict}")
