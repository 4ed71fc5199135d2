"""Where the antennas and photo-eyes are: the doors of the configuration as the passage looks them up."""

from collections.abc import Iterable
from dataclasses import dataclass

from tagdock_contract import Side

from tagdock_edge.config import AntennaConfig, DoorConfig


@dataclass(frozen=True, slots=True)
class Door:
    """One door as opinions see it: its antennas by their place in the layout, and which row each hangs in."""

    name: str
    rows: dict[int, Side]
    """The door's antennas, by their place in the layout, and their rows."""
    two_rows: bool
    """Whether antennas hang on both sides, so that the rows alone tell the way."""
    eyes: tuple[Side, ...]
    """The sides that a photo-eye watches."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The antennas of all doors in one list; reads carry an antenna's place in it. Photo-eyes by (reader, input)."""

    doors: tuple[Door, ...]
    antennas: tuple[AntennaConfig, ...]
    door_of: tuple[int, ...]
    """Each antenna's door, as its place in `doors`, in the same order."""
    place_of: dict[tuple[str, int], int]
    """(reader, antenna number) to the antenna's place in the list."""
    eyes: dict[tuple[str, int], tuple[str, Side]]
    """(reader, input number) to the door and side that a photo-eye watches."""

    @classmethod
    def of(cls, doors: Iterable[DoorConfig]) -> "Layout":
        """Number the antennas of the configured doors."""
        doors = tuple(doors)
        pairs = [(antenna, number) for number, door in enumerate(doors) for antenna in door.antennas]
        rows: list[dict[int, Side]] = [{} for _ in doors]
        for place, (antenna, number) in enumerate(pairs):
            rows[number][place] = antenna.side
        return cls(
            doors=tuple(_door(door, own) for door, own in zip(doors, rows, strict=True)),
            antennas=tuple(antenna for antenna, _ in pairs),
            door_of=tuple(number for _, number in pairs),
            place_of={(antenna.reader, antenna.antenna): place for place, (antenna, _) in enumerate(pairs)},
            eyes={key: value for door in doors for key, value in _eyes(door)},
        )


def _door(door: DoorConfig, rows: dict[int, Side]) -> Door:
    return Door(door.name, rows, len(set(rows.values())) == 2, tuple(side for _, (_, side) in _eyes(door)))


def _eyes(door: DoorConfig) -> Iterable[tuple[tuple[str, int], tuple[str, Side]]]:
    eyes = door.photo_eyes
    if eyes is None:
        return
    if eyes.outside_gpi is not None:
        yield (eyes.reader, eyes.outside_gpi), (door.name, "outside")
    if eyes.inside_gpi is not None:
        yield (eyes.reader, eyes.inside_gpi), (door.name, "inside")
