"""What a site's floor has to be asked to do by itself, by its rule, and how each of it has to end. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

End = tuple[str, str | None]
"""State of a task, and how it was done; None for what was called off."""
BY_SCAN: End = ("done", "scan")
BY_READ: End = ("done", "read")
CALLED_OFF: End = ("cancelled", None)
FLOOR_RULE: Mapping[str, Any] = {"put_away": True, "pick_ahead_h": 1.0, "pack": True}


@dataclass(frozen=True, slots=True)
class Way:
    """How one carton goes through the house, and how each task that it opens by itself has to end."""

    name: str
    ends: Mapping[str, End]

    @property
    def is_ordered(self) -> bool:
        """Tell whether an order asks for it."""
        return "pick" in self.ends


SCANNED = Way("scanned", {"put_away": BY_SCAN, "pick": BY_SCAN, "pack": BY_SCAN})
SEEN_LEAVING = Way("packed, not said", {"put_away": BY_SCAN, "pick": BY_SCAN, "pack": BY_READ})
TURNED_BACK = Way("left again", {"put_away": CALLED_OFF})
WAYS = (SCANNED, SEEN_LEAVING, TURNED_BACK)
"""A round has a carton of each."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A carton that comes in, with the bin that it is put into and the order that asks for it."""

    epc: str
    site: str
    way: Way
    bin: str
    order: str

    def is_scanned(self, kind: str) -> bool:
        """Tell whether somebody says by a scan that a task of this kind is done."""
        return self.way.ends.get(kind) == BY_SCAN


@dataclass(frozen=True, slots=True)
class ErrandDifference:
    """A carton whose tasks are on record otherwise: kinds with how they ended, each once."""

    epc: str
    way: str
    expected: Mapping[str, End]
    found: Sequence[tuple[str, str, str | None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the floor was asked by itself, in truth and on record."""

    site: str
    errands: Sequence[Errand]
    differences: Sequence[ErrandDifference]


def errand_difference(errand: Errand, tasks: Sequence[Mapping[str, Any]]) -> ErrandDifference | None:
    """Hold a carton's tasks against what has to be; None where they agree. What nobody began with has no `done_how`."""
    told = sorted((task["kind"], task["state"], task["done_how"]) for task in tasks)
    wanted = sorted((kind, *end) for kind, end in errand.way.ends.items())
    return None if told == wanted else ErrandDifference(errand.epc, errand.way.name, errand.way.ends, told)


def asked_json(asked: Asked) -> dict[str, Any]:
    """Write it for the report's file."""
    ends = [f"{kind} {how or state}" for errand in asked.errands for kind, (state, how) in errand.way.ends.items()]
    return {
        "site": asked.site,
        "cartons": len(asked.errands),
        "tasks_expected": {end: ends.count(end) for end in dict.fromkeys(ends)},
        "agreed": len(asked.errands) - len(asked.differences),
        "differences": [
            {"epc": each.epc, "way": each.way, "expected": dict(each.expected), "found": list(each.found)}
            for each in asked.differences
        ],
    }


def asked_row(asked: Asked) -> tuple[str, str]:
    """Write it for a person."""
    told = asked_json(asked)
    kinds = ", ".join(f"{count} {end.replace('_', ' ')}" for end, count in told["tasks_expected"].items())
    wrong = f"{len(asked.differences):,} otherwise" if asked.differences else "each as it is on record"
    return "by itself", f"{told['cartons']:,} cartons at {asked.site} asked for tasks by themselves ({kinds}); {wrong}"
