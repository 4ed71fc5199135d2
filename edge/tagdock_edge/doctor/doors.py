"""What a configuration's doors can and can't tell, before a single tag is read. Pure."""

from collections.abc import Iterator

from tagdock_edge.config import DoorConfig, GatewayConfig
from tagdock_edge.doctor.finding import Finding

_LEAVE_AT_MOST_S = 3.0
"""A verdict is promised so soon after the tag left the field."""


def look_at_doors(config: GatewayConfig) -> Iterator[Finding]:
    """Say of each door by what it tells the way, and of the waits whether they keep what is promised."""
    for door in config.doors:
        yield _door(door)
    if config.passage.left_after_s > _LEAVE_AT_MOST_S:
        yield Finding(
            "passage.left_after_s",
            "warning",
            f"verdicts come {config.passage.left_after_s:g} s after a tag left, later than {_LEAVE_AT_MOST_S:g} s",
            "make it smaller unless goods are hidden from the antennas for so long",
        )


def _door(door: DoorConfig) -> Finding:
    subject, antennas = f"door {door.name}", len(door.antennas)
    sides = {antenna.side for antenna in door.antennas}
    eyes = door.photo_eyes
    both_eyes = eyes is not None and eyes.outside_gpi is not None and eyes.inside_gpi is not None
    if len(sides) == 2:
        more = ", and photo-eyes" if eyes is not None else ""
        return Finding(subject, "ok", f"{antennas} antennas in two rows{more}: the way shows in which row hears first")
    if both_eyes:
        return Finding(subject, "ok", f"{antennas} antennas in one row, and two photo-eyes, which tell the way")
    return Finding(
        subject,
        "warning",
        f"{antennas} antennas, all {next(iter(sides))}: the way shows only if they are turned along the lane",
        "hang a second row on the other side, wire two photo-eyes, or turn the antennas 30 to 45 degrees to their side",
    )
