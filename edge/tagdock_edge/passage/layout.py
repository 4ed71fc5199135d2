"""Where the antennas and photo-eyes are: the doors of the configuration as the passage looks them up."""

from collections.abc import Iterable
from dataclasses import dataclass

from tagdock_contract import Side

from tagdock_edge.config import AntennaConfig, DoorConfig


@dataclass(frozen=True, slots=True)
class Layout:
    """The antennas of all doors in one list; reads carry an antenna's place in it. Photo-eyes by (reader, input)."""

    antennas: tuple[AntennaConfig, ...]
    door_of: tuple[str, ...]
    """The door of each antenna, in the same order."""
    place_of: dict[tuple[str, int], int]
    """(reader, antenna number) to the antenna's place in the list."""
    eyes: dict[tuple[str, int], tuple[str, Side]]
    """(reader, input number) to the door and side that a photo-eye watches."""

    @classmethod
    def of(cls, doors: Iterable[DoorConfig]) -> "Layout":
        """Number the antennas of the configured doors."""
        doors = tuple(doors)
        pairs = [(antenna, door.name) for door in doors for antenna in door.antennas]
        return cls(
            antennas=tuple(antenna for antenna, _ in pairs),
            door_of=tuple(name for _, name in pairs),
            place_of={(antenna.reader, antenna.antenna): place for place, (antenna, _) in enumerate(pairs)},
            eyes={key: value for door in doors for key, value in _eyes(door)},
        )


def _eyes(door: DoorConfig) -> Iterable[tuple[tuple[str, int], tuple[str, Side]]]:
    eyes = door.photo_eyes
    if eyes is None:
        return
    if eyes.outside_gpi is not None:
        yield (eyes.reader, eyes.outside_gpi), (door.name, "outside")
    if eyes.inside_gpi is not None:
        yield (eyes.reader, eyes.inside_gpi), (door.name, "inside")
