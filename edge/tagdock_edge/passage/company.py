"""The tags that were heard a moment ago, decided or not, and the loads that they form."""

from collections.abc import Iterable

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config import Thresholds
from tagdock_edge.passage.doorways import leave_doorways
from tagdock_edge.passage.kinship import Numbering
from tagdock_edge.passage.load import Load, alone
from tagdock_edge.passage.loads import loads
from tagdock_edge.passage.witness import Witness

APART_US = 7 * SECOND_US // 2
"""The first and the last tag of a load leave the field so far apart at most; a witness is heard until the last of its
load is decided."""
REGROUP_US = SECOND_US // 2
"""Loads are grouped anew that often at most, however many tags are decided."""


class Company:
    """Witnesses of the last seconds; `load_of` says who was on a load with whom."""

    def __init__(self, thresholds: Thresholds, left_us: int) -> None:
        self.witnesses: dict[str, Witness] = {}
        """By EPC."""
        self.grouped_us = 0
        """When loads were last told apart."""
        self.numbering = Numbering()
        self._thresholds = thresholds
        self._heard_us = left_us + APART_US
        self._load_of: dict[str, Load] = {}

    @property
    def loads(self) -> list[Load]:
        """The loads that were told apart last."""
        return list({id(load): load for load in self._load_of.values()}.values())

    def take_up(
        self, witnesses: Iterable[Witness], groups: Iterable[Iterable[Witness]], grouped_us: int, numbering: Numbering
    ) -> None:
        """Go on from witnesses and loads that were kept, and from what was learned."""
        self.numbering = numbering
        self.witnesses = {one.epc: one for one in witnesses}
        self._load_of, self.grouped_us = {}, grouped_us
        for group in groups:
            load = Load()
            for one in group:
                load.add(one)
                self._load_of[one.epc] = load
        leave_doorways(self.loads)

    def hear(self, one: Witness) -> None:
        """Take in what a tag says; it replaces what it said before."""
        self.witnesses[one.epc] = one

    def load_of(self, one: Witness, now_us: int) -> Load:
        """Return the load of a witness, heard before or not."""
        load = self._load_of.get(one.epc)
        if load is None or one not in load.witnesses or now_us >= self.grouped_us + REGROUP_US:
            self.hear(one)
            self._group(now_us)
            load = self._load_of.get(one.epc) or alone(one)
        return load

    def _group(self, now_us: int) -> None:
        self.witnesses = {epc: one for epc, one in self.witnesses.items() if one.last_us + self._heard_us >= now_us}
        self.numbering.learn(self.witnesses.values())
        found = loads(self.witnesses.values(), self._thresholds, self.numbering.share)
        leave_doorways(found)
        self._load_of = {one.epc: load for load in found for one in load.witnesses}
        self.grouped_us = now_us
