"""What is true of goods that come back, and what has to be on record of each in the end. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from tagdock_simulators.chance import Chance
from tagdock_simulators.demo.errands import Asked, asked_json

Grade = Literal["A", "B", "C"]
Outcome = Literal["restock", "repack", "repair", "exchange", "scrap", "back_to_customer"]
Kind = Literal["self_return", "undelivered", "refused", "exchange"]

_UNANNOUNCED = 0.25
"""The share that comes without a word. Assumed."""


@dataclass(frozen=True, slots=True)
class Fate:
    """The truth of an item: why it is sent back, what inspectors find, and what the house does with it.

    `grade` is what it is like as it comes; a fate without one never comes. `is_mendable` matters where it is repaired;
    then it is opened and conformant. `kind` is what is applied for: only what a customer sends back by himself comes
    without a word. `parts` are put in by who repairs it; `moves` says that it goes on to the next site once it may be
    sold.
    """

    name: str
    reason: str
    grade: Grade | None
    outcome: Outcome | None
    is_mendable: bool = False
    kind: Kind = "self_return"
    parts: int = 0
    moves: bool = False

    @property
    def ends_by(self) -> Outcome | None:
        """Return what the case says became of it in the end."""
        if self.outcome != "repair":
            return self.outcome
        return "repack" if self.is_mendable else "scrap"

    @property
    def goes(self) -> Outcome | None:
        """Return where the goods go in the end: what is exchanged was opened, and is repacked."""
        return "repack" if self.outcome == "exchange" else self.ends_by


RESTOCKED = Fate("restocked", "changed_mind", "A", "restock")
REPACKED = Fate("repacked", "not_as_described", "B", "repack")
REPAIRED = Fate("repaired", "defective", "C", "repair", is_mendable=True)
IRREPARABLE = Fate("irreparable", "defective", "C", "repair")
SCRAPPED = Fate("scrapped", "defective", "C", "scrap")
SENT_BACK = Fate("sent back", "changed_mind", "B", "back_to_customer")
KEPT = Fate("never came", "changed_mind", None, None)
FITTED = Fate("repaired with a part", "defective", "C", "repair", is_mendable=True, parts=1)
EXCHANGED = Fate("exchanged", "not_as_described", "B", "exchange", kind="exchange")
REFUSED = Fate("refused at delivery", "refused", "A", "restock", kind="refused")
UNDELIVERED = Fate("undelivered", "not_delivered", "A", "restock", kind="undelivered")
MOVED = Fate("sent to another site", "changed_mind", "A", "restock", moves=True)
DECK = (
    *(RESTOCKED, RESTOCKED, REPACKED, REPACKED, REPAIRED, IRREPARABLE, SCRAPPED, SENT_BACK, KEPT),
    *(FITTED, EXCHANGED, REFUSED, UNDELIVERED, MOVED),
)
"""Each of so many items in a row gets another one, so that a short run shows all there is. The shares are assumed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item and its case stand: as they have to, or as the cloud says. `state` None: it has no life."""

    site: str | None
    state: str | None
    condition: str | None
    grade: str | None
    is_sellable: bool
    is_held: bool
    """A contradiction that nobody has settled, or an open work order."""
    case: str | None
    outcome: str | None
    is_refunded: bool
    is_exchanged: bool = False
    is_reshipped: bool = False
    """The goods of an undelivered parcel were sent again before it was back."""
    parts: int = 0
    """Units that repairs put in, as the stock of what they were taken from lacks them."""


_ENDS: Mapping[str, tuple[str, str, Grade | None]] = {
    RESTOCKED.name: ("stored", "new", "A"),
    REPACKED.name: ("stored", "opened", "B"),
    REPAIRED.name: ("stored", "repaired", "B"),
    IRREPARABLE.name: ("scrapped", "scrap", None),
    SCRAPPED.name: ("scrapped", "scrap", "C"),
    SENT_BACK.name: ("shipped", "opened", "B"),
    FITTED.name: ("stored", "repaired", "B"),
    EXCHANGED.name: ("stored", "opened", "B"),
    REFUSED.name: ("stored", "new", "A"),
    UNDELIVERED.name: ("stored", "new", "A"),
    MOVED.name: ("stored", "new", "A"),
}
"""State, condition, and the grade of the last inspection; nobody inspects again what was worked on and given up."""


@dataclass(frozen=True, slots=True)
class Comeback:
    """An item that comes back to a site, or that its customer only said would come.

    `goal` is the site that it goes on to, None where it stays. `spare` is the carton of parts for its repair.
    """

    epc: str
    site: str
    fate: Fate
    is_announced: bool
    goal: str | None = None
    spare: str | None = None

    @property
    def is_refund_due(self) -> bool:
        """Tell whether the customer gets money: for what is sound, or faulty by the product's fault.

        Nobody said whose fault it is of what came without a word.
        """
        if self.fate.outcome in (None, "back_to_customer", "exchange") or self.fate is UNDELIVERED:
            return False  # nothing to pay back, or other goods instead
        return self.fate.ends_by != "scrap" or self.is_announced

    @property
    def expected(self) -> Standing:
        """Return where it has to stand in the end."""
        if self.fate is KEPT:
            return Standing(None, None, None, None, False, False, "announced", None, False)
        state, condition, grade = _ENDS[self.fate.name]
        return Standing(
            self.goal or self.site,
            state,
            condition,
            grade,
            is_sellable=state == "stored",
            is_held=False,
            case="closed",
            outcome=self.fate.ends_by,
            is_refunded=self.is_refund_due,
            is_exchanged=self.fate is EXCHANGED,
            is_reshipped=self.fate is UNDELIVERED,
            parts=self.fate.parts,
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """An item of which the cloud says something else than is so."""

    epc: str
    fate: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of all that came back, in truth and on record."""

    sites: Sequence[str]
    comebacks: Sequence[Comeback]
    differences: Sequence[Difference]
    refusals: Sequence[str] = ()
    """What the cloud refused to the staff: somebody else was faster, as a rule."""
    asked: Asked | None = None
    """What a site's floor was asked by itself; None: at no site."""

    @property
    def is_right(self) -> bool:
        """Tell whether all is on record as it is."""
        return not self.differences and not (self.asked and self.asked.differences)


def fates(seed: int, site: str) -> Iterator[tuple[Fate, bool]]:
    """Draw for ever what is true of a site's items, and whether each is announced: one shuffled deck after another."""
    chance = Chance(seed, "returns", site)
    while True:
        deck = list(DECK)
        while deck:
            fate = deck.pop(chance.below(len(deck)))
            is_told = fate is KEPT or fate.kind != "self_return"
            yield fate, is_told or chance.between(0.0, 1.0) >= _UNANNOUNCED


def standing(life: Mapping[str, Any] | None, case: Mapping[str, Any] | None, epc: str, parts: int = 0) -> Standing:
    """Read where an item stands from its life and its case, as the interface tells them, and the parts it took."""
    line = next((each for each in case["lines"] if each["epc"] == epc), None) if case else None
    return Standing(
        site=life["site"] if life else None,
        state=life["state"] if life else None,
        condition=life["condition"] if life else None,
        grade=life["grade"] if life else None,
        is_sellable=bool(life and life["is_sellable"]),
        is_held=bool(life and (life["contradictions"] or life["work_orders_open"])),
        case=case["state"] if case else None,
        outcome=line["outcome"] if line else None,
        is_refunded=bool(case and case["refunded_at"]),
        is_exchanged=bool(case and case["exchanged_at"]),
        is_reshipped=bool(case and case["reshipped_order"]),
        parts=parts,
    )


def difference(comeback: Comeback, found: Standing) -> Difference | None:
    """Hold an item against its truth; None where they agree."""
    expected = comeback.expected
    if expected == found:
        return None
    names = [each.name for each in fields(Standing) if getattr(expected, each.name) != getattr(found, each.name)]
    truth, told = asdict(expected), asdict(found)
    return Difference(
        comeback.epc, comeback.fate.name, {name: truth[name] for name in names}, {name: told[name] for name in names}
    )


def returned_json(returned: Returned) -> dict[str, Any]:
    """Write it for the report's file."""
    names = [comeback.fate.name for comeback in returned.comebacks]
    return {
        "sites": list(returned.sites),
        "expected": len(names),
        "agreed": len(names) - len(returned.differences),
        "differences": [asdict(each) for each in returned.differences],
        "unannounced": sum(not comeback.is_announced for comeback in returned.comebacks),
        "fates": {fate: names.count(fate) for fate in dict.fromkeys(names)},
        "by_site": {site: sum(each.site == site for each in returned.comebacks) for site in returned.sites},
        "refusals": list(returned.refusals),
        **({"by_itself": asked_json(returned.asked)} if returned.asked else {}),
    }


def returned_row(returned: Returned) -> tuple[str, str]:
    """Write it for a person."""
    told = returned_json(returned)
    kinds = ", ".join(f"{count} {name}" for name, count in told["fates"].items())
    wrong = f"{len(returned.differences):,} otherwise" if returned.differences else "each as it is on record"
    return "returns", f"{told['expected']:,} at {len(returned.sites)} sites ({kinds}); {wrong}"
