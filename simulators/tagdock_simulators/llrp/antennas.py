"""How each antenna is set: what SET_READER_CONFIG gives is laid over what was there, part by part."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tagdock_simulators.llrp.config import AntennaConfiguration, C1G2InventoryCommand, RFReceiver, RFTransmitter
from tagdock_simulators.llrp.profile import Profile

_T = TypeVar("_T")


def factory_antennas(profile: Profile) -> tuple[AntennaConfiguration, ...]:
    """Return every antenna as it is set when the reader is new: best sensitivity, most power."""
    transmitter = RFTransmitter(int(profile.band.hops), 1, profile.powers)
    return tuple(AntennaConfiguration(port, RFReceiver(1), transmitter) for port in range(1, profile.antennas + 1))


def set_antennas(
    antennas: Sequence[AntennaConfiguration], wishes: Iterable[AntennaConfiguration]
) -> tuple[AntennaConfiguration, ...]:
    """Return all antennas after some were set; antenna 0 means all."""
    for wish in wishes:
        antennas = [_laid_over(each, wish) if wish.antenna_id in (0, each.antenna_id) else each for each in antennas]
    return tuple(antennas)


def _laid_over(before: AntennaConfiguration, wish: AntennaConfiguration) -> AntennaConfiguration:
    commands = before.inventory_commands
    for command in wish.inventory_commands:
        commands = (_command(commands[0], command) if commands else command,)
    return AntennaConfiguration(
        before.antenna_id,
        wish.receiver or before.receiver,
        wish.transmitter or before.transmitter,
        commands,
        _newest(before.custom, wish.custom),
    )


def _command(before: C1G2InventoryCommand, wish: C1G2InventoryCommand) -> C1G2InventoryCommand:
    return C1G2InventoryCommand(
        wish.state_aware,
        wish.filters or before.filters,
        wish.rf_control or before.rf_control,
        wish.singulation or before.singulation,
        _newest(before.custom, wish.custom),
    )


def _newest(before: tuple[_T, ...], wish: tuple[_T, ...]) -> tuple[_T, ...]:
    """Keep of each kind of parameter the newest."""
    return tuple({type(each): each for each in (*before, *wish)}.values())
