"""The tags that were heard a moment ago, decided or not, and the loads that they form."""

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config import Thresholds
from tagdock_edge.passage.loads import Load, loads
from tagdock_edge.passage.witness import Witness

HEARD_US = 6 * SECOND_US
"""How long a witness is heard after its last read: the first and the last of a load leave so far apart at most."""
REGROUP_US = SECOND_US // 2
"""Loads are grouped anew that often at most, however many tags are decided."""


class Company:
    """Witnesses of the last seconds; `load_of` says who was on a load with whom."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.witnesses: dict[str, Witness] = {}
        """By EPC."""
        self._thresholds = thresholds
        self._load_of: dict[str, Load] = {}
        self._grouped_us = 0

    def hear(self, one: Witness) -> None:
        """Take in what a tag says; it replaces what it said before."""
        self.witnesses[one.epc] = one

    def load_of(self, one: Witness, now_us: int) -> Load:
        """Return the load of a witness that was heard."""
        load = self._load_of.get(one.epc)
        if load is None or one not in load.witnesses or now_us >= self._grouped_us + REGROUP_US:
            self._group(now_us)
            load = self._load_of[one.epc]
        return load

    def _group(self, now_us: int) -> None:
        self.witnesses = {epc: one for epc, one in self.witnesses.items() if one.last_us + HEARD_US >= now_us}
        self._load_of = {
            one.epc: load for load in loads(self.witnesses.values(), self._thresholds) for one in load.witnesses
        }
        self._grouped_us = now_us
