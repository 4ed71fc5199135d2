"""`[[door]]`: the antennas of a door in their rows, and its photo-eyes."""

from collections.abc import Iterable, Iterator

from tagdock_contract import Side
from tagdock_contract.events import Place

from tagdock_edge.config.kinds import PLACE_WORDS, AntennaNumber, InputNumber
from tagdock_edge.config.model import AntennaConfig, DoorConfig, PhotoEyesConfig
from tagdock_edge.tables import Table


def read_door(table: Table) -> DoorConfig:
    """Read one door; what is wrong is noted in the table's problems."""
    name = table.take("name", Place, PLACE_WORDS) or ""
    antennas = tuple(_antenna(inner) for inner in table.tables("antennas"))
    if not antennas:
        table.complain("antennas", 'is empty; give { reader = "...", antenna = 1, side = "outside" } and so on')
    eyes = table.table("photo_eyes")
    door = DoorConfig(name, antennas, None if eyes is None else _photo_eyes(eyes))
    table.close()
    return door


def _antenna(table: Table) -> AntennaConfig:
    antenna = AntennaConfig(
        reader=table.take("reader", Place, "the name of a [[reader]]") or "",
        antenna=table.take("antenna", AntennaNumber, "the antenna's number, from 1") or 0,
        side=table.take("side", Side, '"outside" or "inside"') or "outside",
    )
    table.close()
    return antenna


def _photo_eyes(table: Table) -> PhotoEyesConfig:
    reader = table.take("reader", Place, "the name of a [[reader]]") or ""
    outside = table.take("outside_gpi", InputNumber, "an input's number, from 1", None)
    inside = table.take("inside_gpi", InputNumber, "an input's number, from 1", None)
    table.close()
    if outside is None and inside is None:
        table.complain("outside_gpi", "or inside_gpi is needed; give one or both")
    return PhotoEyesConfig(reader, outside, inside)


def references(doors: Iterable[DoorConfig]) -> Iterator[tuple[str, str]]:
    """List the readers that doors name, each with the path of its key."""
    for d, door in enumerate(doors):
        for a, antenna in enumerate(door.antennas):
            yield f"door[{d}].antennas[{a}].reader", antenna.reader
        if door.photo_eyes is not None:
            yield f"door[{d}].photo_eyes.reader", door.photo_eyes.reader


def wiring(doors: Iterable[DoorConfig], reader: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the antennas and the inputs of one reader that doors use."""
    doors = tuple(doors)
    antennas = {each.antenna for door in doors for each in door.antennas if each.reader == reader}
    eyes = [door.photo_eyes for door in doors if door.photo_eyes is not None and door.photo_eyes.reader == reader]
    inputs = {gpi for eye in eyes for gpi in (eye.outside_gpi, eye.inside_gpi) if gpi is not None}
    return tuple(sorted(antennas)), tuple(sorted(inputs))


def check_antennas_once(root: Table, doors: Iterable[DoorConfig]) -> None:
    """Complain of an antenna that two doors claim."""
    owners: dict[tuple[str, int], str] = {}
    for d, door in enumerate(doors):
        for a, antenna in enumerate(door.antennas):
            path = f"door[{d}].antennas[{a}]"
            owner = owners.setdefault((antenna.reader, antenna.antenna), path)
            if owner != path:
                root.complain(path, f"antenna {antenna.antenna} of {antenna.reader} belongs to {owner} already")
