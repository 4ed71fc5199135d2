"""The formats by name, and which node carries which bin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tagdock_simulators.sensors.formats.homeassistant import HomeAssistant, HomeAssistantNode
from tagdock_simulators.sensors.formats.node import Node, slug
from tagdock_simulators.sensors.formats.plain import Plain, PlainNode
from tagdock_simulators.sensors.formats.sparkplug import Sparkplug, SparkplugNode
from tagdock_simulators.sensors.formats.tasmota import Tasmota, TasmotaNode
from tagdock_simulators.sensors.readings import Quantity

Format = Literal["homeassistant", "tasmota", "sparkplug", "plain"]
FORMATS: tuple[Format, ...] = ("homeassistant", "tasmota", "sparkplug", "plain")
BINS_A_NODE = 20
"""For gateways (Sparkplug, plain JSON); a Home Assistant or Tasmota device stands under one bin."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The settings of all formats; the one that is played looks at its own."""

    homeassistant: HomeAssistant = field(default_factory=HomeAssistant)
    tasmota: Tasmota = field(default_factory=Tasmota)
    sparkplug: Sparkplug = field(default_factory=Sparkplug)
    plain: Plain = field(default_factory=Plain)


def nodes_for(
    name: Format, bins: Mapping[str, Sequence[Quantity]], settings: Formats, bins_a_node: int = BINS_A_NODE
) -> dict[str, Node]:
    """Make the nodes that carry these bins; returns each bin's node. `bins` says what each one's sensors tell.

    Raises ValueError when two bins would have the same topics.
    """
    _check_apart(bins)
    if name == "homeassistant":
        return {each: HomeAssistantNode(each, tells, settings.homeassistant) for each, tells in bins.items()}
    if name == "tasmota":
        return {each: TasmotaNode(each, tells, settings.tasmota) for each, tells in bins.items()}
    nodes: dict[str, Node] = {}
    names = list(bins)
    for number, first in enumerate(range(0, len(names), bins_a_node), 1):
        carried = {each: bins[each] for each in names[first : first + bins_a_node]}
        node = _gateway(name, number, carried, settings)
        nodes |= dict.fromkeys(carried, node)
    return nodes


def _check_apart(bins: Iterable[str]) -> None:
    written: dict[str, str] = {}
    for name in bins:
        other = written.setdefault(slug(name), name)
        if other != name:
            raise ValueError(f"bins {other!r} and {name!r} are both written {slug(name)!r} in topics; rename one")


def _gateway(name: Format, number: int, bins: dict[str, Sequence[Quantity]], settings: Formats) -> Node:
    if name == "sparkplug":
        return SparkplugNode(f"rack-{number}", bins, settings.sparkplug)
    return PlainNode(f"bins-{number}", settings.plain)
