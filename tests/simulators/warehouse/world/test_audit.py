"""The audit refuses what cannot be: it would see a world that breaks its laws."""

from datetime import UTC, datetime, timedelta

import pytest
from tagdock_simulators.warehouse.world.audit import Audit, BrokenLawError
from tagdock_simulators.warehouse.world.items import Item, Kind
from tagdock_simulators.warehouse.world.records import Moved, Step

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
KIND = Kind("A1", 6, 1.0, 0x3034257BF7194E4000000000, "urn:epc:id:sgtin:9521234.012345.")
FIRST, SECOND = Item(KIND, 1), Item(KIND, 2)


def moved(step: Step, was: str | None, place: str | None, *items: Item, at: datetime = AT) -> Moved:
    return Moved(at, step, place or "D1", was, place, "", items)


@pytest.mark.parametrize(
    "records",
    [
        [moved("receiving", None, "A", FIRST), moved("receiving", None, "B", FIRST)],
        [moved("storing", "A", "B", FIRST)],
        [moved("receiving", None, "A", FIRST), moved("storing", "B", "C", FIRST)],
        [moved("receiving", None, "A", FIRST, SECOND)],
        [moved("storing", None, "B", FIRST)],
        [moved("receiving", None, "B", FIRST), moved("shipping", "B", "B", FIRST, at=AT - timedelta(seconds=1))],
        [moved("receiving", None, "B", FIRST), moved("receiving", "B", None, FIRST)],
    ],
    ids=["in two places", "from nowhere", "from where it is not", "over capacity", "made here", "back in time", "odd"],
)
def test_a_broken_law_is_seen(records: list[Moved]) -> None:
    audit = Audit({"A": 1})
    with pytest.raises(BrokenLawError):
        for record in records:
            audit.see(record)


def test_a_life_is_followed() -> None:
    audit = Audit({"A": 1})
    for record in (moved("receiving", None, "FLOOR", FIRST), moved("storing", "FLOOR", "A", FIRST)):
        audit.see(record)
    assert (audit.in_house, audit.place_of(KIND.hex_base, 1)) == (1, "A")
    audit.see(moved("stolen", "A", None, FIRST))
    assert (audit.in_house, audit.items) == (0, {"receiving": 1, "stolen": 1})
