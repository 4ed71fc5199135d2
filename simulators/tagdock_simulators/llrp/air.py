"""What an antenna's settings let through: its power and sensitivity, its filters, the tags that are not quiet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tagdock_contract import TagRead

from tagdock_simulators.llrp.antennas import factory_antennas, set_antennas
from tagdock_simulators.llrp.config import AntennaConfiguration, C1G2Filter, C1G2InventoryCommand
from tagdock_simulators.llrp.filters import SELECTED_FLAG, Stand, stand_aware, stand_unaware
from tagdock_simulators.llrp.impinj import ImpinjInventorySearchMode
from tagdock_simulators.llrp.power import Setting
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.tagflags import TagFlags
from tagdock_simulators.llrp.tagmemory import TagMemories
from tagdock_simulators.radio.gen2 import SESSIONS

MAX_STANDS = 10_000
"""Of so many tags an antenna remembers how its filters went; they are worked out again for the others."""
_SINGLE_TARGET, _SUPPRESSION = 1, 3
_SUPPRESSED_SESSION = 1
"""With suppression (TagFocus) power keeps the flag of S1 too, for tags that know it; all simulated ones do.

Source: Impinj, Understanding EPC Gen2 Search Modes and Sessions.
"""
_DEFAULT_SESSION = 2
"""Where a client names a search mode and no session (assumed: what sllurp and Impinj's own software ask for)."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which tags an antenna asks for: `selected` is the SL flag they must have, `a` the inventoried one; None is any.

    Where it asks for one inventoried state, who was counted changes it, and power may hold it (`held`).
    """

    filters: tuple[C1G2Filter, ...]
    aware: bool
    selected: bool | None
    a: bool | None
    session: int
    held: bool

    @classmethod
    def of(cls, command: C1G2InventoryCommand, by_state: bool) -> "Query":
        """Read what a command asks for; the client's own states count only on a reader that singulates by state.

        Source: LLRP 1.0.1, section 15.2.1.2.1: a reader that cannot shall ignore the flag and the action.
        """
        control = command.singulation
        session = control.session if control is not None else _DEFAULT_SESSION
        held = SESSIONS[session].held_by_power
        if not (command.state_aware and by_state):
            modes = (each.mode for each in command.custom if isinstance(each, ImpinjInventorySearchMode))
            mode = next(modes, None)
            held = held or (mode == _SUPPRESSION and session == _SUPPRESSED_SESSION)
            a = True if mode in (_SINGLE_TARGET, _SUPPRESSION) else None
            return cls(command.filters, False, True if command.filters else None, a, session, held)
        action = control.action if control is not None else None
        if action is None:  # the reader chooses: both inventoried states, and what the filters select
            selected = True if any(map(_sets_sl, command.filters)) else None
            return cls(command.filters, True, selected, None, session, held)
        selected = None if action.all_selected else not action.selected_off
        return cls(command.filters, True, selected, not action.inventoried_b, session, held)

    @property
    def asks_for_all(self) -> bool:
        """Say whether every tag answers."""
        return self.selected is None and self.a is None


class Gate:
    """One antenna that is not set as the factory did it."""

    def __init__(self, setting: Setting | None, query: Query | None, memories: TagMemories, flags: TagFlags) -> None:
        self._setting = setting
        self._query = query
        self._memories = memories
        self._flags = flags
        self._stands: dict[str, Stand] = {}

    def hear(self, read: TagRead, told: TagRead, now_us: int) -> TagRead | None:
        """Return what is heard of a tag's answer, `told` with its present EPC; None where nothing is."""
        if self._setting is not None:
            rssi_dbm = self._setting.rssi_dbm(told.rssi_dbm)
            if rssi_dbm is None:
                return None
            strength = (rssi_dbm, told.phase_deg, told.doppler_hz, told.channel, told.count)
            told = TagRead(told.at, told.reader, told.antenna, told.epc, *strength)
        return told if self._query is None or self._answers(self._query, read.epc, now_us) else None

    def _answers(self, query: Query, epc: str, now_us: int) -> bool:
        """Say whether a tag answers a query, and turn its flag when it does.

        What a filter made of the inventoried flag need not be kept: the filter comes again before each inventory.
        """
        stand = self._stand(query, epc)
        partakes = query.selected is None or stand.selected is query.selected
        if query.a is None:
            return partakes
        was_a = self._flags.is_a(query.session, epc, now_us, query.held)
        is_a = stand.a_from_a if was_a else stand.a_from_b
        if not partakes or is_a is not query.a:
            return False
        self._flags.turn(query.session, epc, now_us, to_a=not is_a)
        return True

    def _stand(self, query: Query, epc: str) -> Stand:
        """Work out, or remember, how a tag stands after the filters; one whose memory changed may stand otherwise."""
        changed = self._memories.changed(epc) is not None
        stand = None if changed else self._stands.get(epc)
        if stand is None:
            memory = self._memories.of(epc)
            aware, filters = query.aware, query.filters
            stand = stand_aware(filters, memory, query.session) if aware else stand_unaware(filters, memory)
            if not changed:
                if len(self._stands) >= MAX_STANDS:
                    del self._stands[next(iter(self._stands))]
                self._stands[epc] = stand
        return stand


class Air:
    """Makes the gates of a reader's antennas; the flags of the tags outlive them."""

    def __init__(self, profile: Profile, memories: TagMemories) -> None:
        self.own: Sequence[AntennaConfiguration] = ()
        """How SET_READER_CONFIG set the antennas: it counts wherever an AISpec does not say otherwise."""
        self._profile = profile
        self._memories = memories
        self._flags = TagFlags()

    def gates(self, wishes: Iterable[AntennaConfiguration]) -> dict[int, Gate]:
        """Return the gates of an AISpec by antenna; one that lets everything through has none.

        Source: LLRP 1.0.1, section 15.2.1.2.1: what a command leaves out is as the reader is set.
        """
        antennas = set_antennas(self.own or factory_antennas(self._profile), wishes)
        gates = ((antenna.antenna_id, self._gate(antenna)) for antenna in antennas)
        return {port: gate for port, gate in gates if gate is not None}

    def _gate(self, antenna: AntennaConfiguration) -> Gate | None:
        setting = self._setting(antenna)
        command = antenna.inventory_commands[0] if antenna.inventory_commands else None
        query = Query.of(command, self._profile.singulates_by_state) if command is not None else None
        if query is not None and query.asks_for_all:
            query = None
        return Gate(setting, query, self._memories, self._flags) if setting or query else None

    def _setting(self, antenna: AntennaConfiguration) -> Setting | None:
        """Return how an antenna differs from highest power and best sensitivity."""
        profile, transmitter, receiver = self._profile, antenna.transmitter, antenna.receiver
        highest_cdbm = max(profile.powers_cdbm)
        sent_cdbm = profile.powers_cdbm[transmitter.transmit_power_index - 1] if transmitter else highest_cdbm
        deafer_db = profile.sensitivities_db[receiver.sensitivity_index - 1] if receiver else 0
        if sent_cdbm == highest_cdbm and deafer_db == 0:
            return None
        less_db = (highest_cdbm - sent_cdbm) / 100
        return Setting(highest_cdbm / 100, less_db, profile.sensitivity_dbm + deafer_db)


def _sets_sl(chosen: C1G2Filter) -> bool:
    return chosen.aware_action is None or chosen.aware_action.target == SELECTED_FLAG
