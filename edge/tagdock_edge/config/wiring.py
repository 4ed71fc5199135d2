"""Which antennas and inputs of which reader doors and shelves use, and that no two use the same."""

from collections.abc import Iterable, Iterator, Sequence

from tagdock_edge.config.model import AntennaConfig, DoorConfig
from tagdock_edge.config.shelves import ShelfAntenna, ShelfConfig
from tagdock_edge.tables import Table


def _antennas(
    doors: Iterable[DoorConfig], shelves: Iterable[ShelfConfig]
) -> Iterator[tuple[str, AntennaConfig | ShelfAntenna]]:
    """List the antennas of doors, then of shelves, each with the path of its table."""
    for d, door in enumerate(doors):
        for a, antenna in enumerate(door.antennas):
            yield f"door[{d}].antennas[{a}]", antenna
    for s, shelf in enumerate(shelves):
        for a, seeing in enumerate(shelf.antennas):
            yield f"shelf[{s}].antennas[{a}]", seeing


def references(doors: Sequence[DoorConfig], shelves: Sequence[ShelfConfig]) -> Iterator[tuple[str, str]]:
    """List the readers that doors and shelves name, each with the path of its key."""
    for path, antenna in _antennas(doors, shelves):
        yield f"{path}.reader", antenna.reader
    for d, door in enumerate(doors):
        if door.photo_eyes is not None:
            yield f"door[{d}].photo_eyes.reader", door.photo_eyes.reader


def wiring(
    doors: Sequence[DoorConfig], shelves: Sequence[ShelfConfig], reader: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the antennas and the inputs of one reader that doors and shelves use."""
    antennas = {each.antenna for _, each in _antennas(doors, shelves) if each.reader == reader}
    eyes = [door.photo_eyes for door in doors if door.photo_eyes is not None and door.photo_eyes.reader == reader]
    inputs = {gpi for eye in eyes for gpi in (eye.outside_gpi, eye.inside_gpi) if gpi is not None}
    return tuple(sorted(antennas)), tuple(sorted(inputs))


def check_antennas_once(root: Table, doors: Sequence[DoorConfig], shelves: Sequence[ShelfConfig]) -> None:
    """Complain of an antenna that two of them claim: it can't tell which of the two the goods are at."""
    owners: dict[tuple[str, int], str] = {}
    for path, antenna in _antennas(doors, shelves):
        owner = owners.setdefault((antenna.reader, antenna.antenna), path)
        if owner != path:
            root.complain(path, f"antenna {antenna.antenna} of {antenna.reader} belongs to {owner} already")
