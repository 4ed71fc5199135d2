"""What the report tells beside the crossings: trucks with their papers, and goods that a plan moved. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class TruckEnd:
    """A truck that was dealt with: (units missing, items that nobody expected), in truth and as the cloud says."""

    name: str
    truth: tuple[int, int]
    said: tuple[int, int] | None
    """None: the cloud has no session of it that is over."""

    @property
    def is_right(self) -> bool:
        """Tell whether the cloud says what was so."""
        return self.said == self.truth


@dataclass(frozen=True, slots=True)
class Moved:
    """Moves that were approved, goods that were carried to new bins (EPC and bin), and moves that reads confirmed."""

    approved: int = 0
    carried: tuple[tuple[str, str], ...] = ()
    confirmed: int = 0
    placed: tuple[tuple[str, str], ...] = ()
    """Arrivals in bins that are on record, one an event."""

    def with_one(self, epc: str, bin_name: str) -> "Moved":
        """Return it with one more that is carried."""
        return replace(self, carried=(*self.carried, (epc, bin_name)))

    @property
    def lost(self) -> tuple[tuple[str, str], ...]:
        """Return what was carried and is not on record."""
        return tuple(one for one in self.carried if one not in self.placed)

    @property
    def doubled(self) -> int:
        """Count what is on record more than once."""
        return len(self.placed) - len(set(self.placed))

    @property
    def unexpected(self) -> tuple[tuple[str, str], ...]:
        """Return what is on record and was not carried."""
        return tuple(one for one in self.placed if one not in self.carried)

    @property
    def is_right(self) -> bool:
        """Tell whether the record holds what was carried, once each."""
        return not (self.lost or self.doubled or self.unexpected)


def with_record(moved: Moved, placed: Iterable[tuple[str, str]]) -> Moved:
    """Return it with what is on record."""
    return replace(moved, placed=tuple(placed))


def wrong_trucks(ends: Collection[TruckEnd]) -> list[TruckEnd]:
    """Return the trucks of which the cloud says something else than was so."""
    return [end for end in ends if not end.is_right]


def beside_json(trucks: Sequence[TruckEnd], moved: Moved) -> dict[str, Any]:
    """Write both for the report's file."""
    return {
        "trucks": {
            "ended": len(trucks),
            "with_differences": sum(end.truth != (0, 0) for end in trucks),
            "told_otherwise": [{"name": e.name, "truth": e.truth, "told": e.said} for e in wrong_trucks(trucks)],
        },
        "moves": {
            "approved": moved.approved,
            "carried": len(moved.carried),
            "confirmed_by_reads": moved.confirmed,
            "lost": len(moved.lost),
            "doubled": moved.doubled,
            "unexpected": len(moved.unexpected),
        },
    }


def beside_rows(trucks: Sequence[TruckEnd], moved: Moved) -> list[tuple[str, str]]:
    """Write both for a person."""
    differing, wrong = sum(end.truth != (0, 0) for end in trucks), len(wrong_trucks(trucks))
    told = "the cloud says the same of all" if not wrong else f"the cloud says otherwise of {wrong:,}"
    rows = [("trucks", f"{len(trucks):,} ended, {differing:,} of them with a carton too few or too many; {told}")]
    if moved.approved:
        right = "each once on record" if moved.is_right else f"{len(moved.lost):,} lost, {moved.doubled:,} doubled"
        carried = f"{len(moved.carried):,} carried ({right}), {moved.confirmed:,} confirmed by reads"
        rows.append(("moves", f"{moved.approved:,} approved, {carried}"))
    return rows
