"""A gateway's configuration for simulated doors, as the TOML that `tagdock-edge` reads."""

import json
from collections.abc import Mapping, Sequence

from tagdock_simulators.doors import DoorGeometry

LEFT_AFTER_S = 2.8
"""How long the gateway waits after a tag's last read before it decides."""


def gateway_toml(site: str, gateway: str, broker: str, doors: Sequence[DoorGeometry], ports: Mapping[str, int]) -> str:
    """Write the configuration: LLRP readers on this box, each at the port that `ports` gives for its name."""
    readers = dict.fromkeys(door.reader for door in doors)
    return gateway_file(site, gateway, broker, doors, [_reader(reader, ports[reader]) for reader in readers])


def gateway_file(site: str, gateway: str, broker: str, doors: Sequence[DoorGeometry], readers: Sequence[str]) -> str:
    """Write the configuration around readers' sections that are written already."""
    parts = [f"[gateway]\nid = {toml_text(gateway)}\nsite = {toml_text(site)}\nbroker = {toml_text(broker)}\n"]
    parts += readers
    parts += [_door(door) for door in doors]
    parts.append(f"[passage]\nleft_after_s = {LEFT_AFTER_S}\n")
    return "\n".join(parts)


def shelves_toml(
    site: str, gateway: str, broker: str, places: Mapping[str, tuple[str, int]], ports: Mapping[str, int]
) -> str:
    """Write the configuration of a gateway at racks: `places` gives the reader and antenna of each bin, maybe none."""
    readers = dict.fromkeys(reader for reader, _ in places.values())
    text = gateway_file(site, gateway, broker, (), [_reader(reader, ports[reader]) for reader in readers])
    return text + "".join(
        f"\n[[shelf]]\nbin = {toml_text(name)}\nantennas = [{{ reader = {toml_text(reader)}, antenna = {antenna} }}]\n"
        for name, (reader, antenna) in places.items()
    )


def _reader(name: str, port: int) -> str:
    return f'[[reader]]\nname = {toml_text(name)}\ndriver = "llrp"\nhost = "127.0.0.1"\nport = {port}\n'


def _door(door: DoorGeometry) -> str:
    rows = "".join(
        f"  {{ reader = {toml_text(door.reader)}, antenna = {antenna.port}, side = {toml_text(antenna.side)} }},\n"
        for antenna in door.antennas
    )
    return f"[[door]]\nname = {toml_text(door.door)}\nantennas = [\n{rows}]\n{_eyes(door)}"


def _eyes(door: DoorGeometry) -> str:
    inputs = "".join(f", {eye.side}_gpi = {eye.gpi}" for eye in door.photo_eyes)
    return f"photo_eyes = {{ reader = {toml_text(door.reader)}{inputs} }}\n" if inputs else ""


def toml_text(value: str) -> str:
    """Write a TOML basic string: JSON's escapes are among TOML's (DEL aside, which no name here holds)."""
    return json.dumps(value)
