"""`[[door]]`: the antennas of a door in their rows, and its photo-eyes."""

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
