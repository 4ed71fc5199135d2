"""How a gateway is told of these readers: one `[[reader]]` of its configuration each."""

from tagdock_simulators.gateway_config import toml_text
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.impinj import Impinj
from tagdock_simulators.mqtt_readers.mapped import Mapped, Shape
from tagdock_simulators.mqtt_readers.zebra import Zebra

_HEARTBEATS = 2.5
"""A reader that leaves out so many heartbeats is gone."""
_MAPPING = """
[reader.mapping]
array = "data.reads"
epc = "tag"
antenna = { path = "ant", offset = 1 }
rssi = { path = "rssi_ddbm", unit = "ddBm" }
time = { path = "ts", format = "epoch_ms" }
phase = { path = "phase", unit = "rad" }
count = "n"

[reader.inputs]
"""
_INPUTS = """gpi = "gpi"
state = "on"
time = { path = "ts", format = "epoch_ms" }
"""


def reader_toml(reader: Format) -> str:
    """Write the section of one reader. Raises ValueError for a mapped one whose shape is a customer's own."""
    match reader:
        case Impinj():
            keys = {"topic": reader.event_topic, "status_topic": reader.status_topic}
            return _section(reader, "impinj", keys)
        case Zebra():
            keys = {"topic": reader.data_topic, "events_topic": reader.events_topic}
            silence = f"silent_after_s = {_HEARTBEATS * reader.delivery.heartbeat_s}\n"
            return _section(reader, "zebra", keys) + silence
        case Mapped():
            if (reader.shape.message, reader.shape.read, reader.shape.input) != (
                _USUAL.message,
                _USUAL.read,
                _USUAL.input,
            ):
                raise ValueError(
                    "only the built-in shape's mapping is known; write [reader.mapping] for --shape yourself"
                )
            reads, inputs = reader.topics
            topic = f"topic = {toml_text(inputs)}\n"
            return _section(reader, "mapped", {"topic": reads}) + _MAPPING + topic + _INPUTS
        case _:
            raise ValueError(f"no driver of the gateway takes {type(reader).__name__}")


_USUAL = Shape()


def _section(reader: Format, driver: str, keys: dict[str, str]) -> str:
    texts = {"name": reader.reader, "driver": driver, **keys}
    return "[[reader]]\n" + "".join(f"{key} = {toml_text(text)}\n" for key, text in texts.items())
