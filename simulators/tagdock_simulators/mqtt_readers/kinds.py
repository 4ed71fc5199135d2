"""The kinds of readers by name, with the few settings that a user chooses on the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tagdock_simulators.mqtt.messages import Qos
from tagdock_simulators.mqtt_readers import impinj, mapped, zebra
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.messages import Delivery
from tagdock_simulators.radio import ETSI, Region


@dataclass(frozen=True, slots=True)
class Wishes:
    """What differs from a kind's defaults; None: nothing. `topic` holds `$reader` where each reader has its own."""

    fields: Sequence[str] | None = None
    topic: str | None = None
    qos: Qos | None = None
    batch_s: float | None = None
    transmit_dbm: float = 30.0
    region: Region = ETSI
    shape: str | None = None
    """A mapped reader's shape, as TOML."""


def impinj_reader(name: str, wishes: Wishes) -> impinj.Impinj:
    """Make an Impinj reader. Raises ValueError with the remedy."""
    topic = _topic(wishes.topic, "impinj/$reader/events", name)
    return impinj.Impinj(
        name,
        topic,
        status_topic=f"{topic.removesuffix('/events')}/status",
        fields=_known(wishes.fields, impinj.FIELDS) or impinj.DEFAULT_FIELDS,
        hostname=impinj.hostname_of(name),
        transmit_power_cdbm=round(wishes.transmit_dbm * 100),
        region=wishes.region,
        delivery=_delivery(impinj.DELIVERY, wishes),
    )


def zebra_reader(name: str, wishes: Wishes) -> zebra.Zebra:
    """Make a Zebra reader: `fields` are its `tagMetaData`. Raises ValueError with the remedy."""
    base = _topic(wishes.topic, "zebra/$reader", name)
    metadata = _known(wishes.fields, zebra.METADATA)
    return zebra.Zebra(
        name,
        f"{base}/data",
        f"{base}/events",
        f"{base}/ctrl/cmd",
        f"{base}/ctrl/res",
        mode="INVENTORY" if metadata is None else "CUSTOM",
        metadata=metadata,
        region=wishes.region,
        delivery=_delivery(zebra.DELIVERY, wishes),
    )


def mapped_reader(name: str, wishes: Wishes) -> mapped.Mapped:
    """Make a reader that speaks a customer's JSON. Raises ValueError with the remedy."""
    if wishes.fields is not None:
        raise ValueError("a mapped reader's fields stand in its shape (--shape FILE.toml)")
    shape = mapped.read_shape(wishes.shape or "")
    topic, inputs = _topic(wishes.topic, shape.topic, name), _topic(None, shape.input_topic, name)
    shape = replace(shape, topic=topic, input_topic=inputs)
    return mapped.Mapped(name, shape, _delivery(mapped.DELIVERY, wishes), wishes.region)


KINDS: dict[str, Callable[[str, Wishes], Format]] = {
    "impinj": impinj_reader,
    "zebra": zebra_reader,
    "mapped": mapped_reader,
}
"""Each kind's maker."""


def _topic(wish: str | None, default: str, reader: str) -> str:
    pattern = default if wish is None else wish
    if not pattern.strip("/") or any(char in pattern for char in "#+\0") or len(pattern) > 200:
        raise ValueError(f"{pattern!r} is no topic to publish to: 1 to 200 characters without # and +")
    return pattern.replace("$reader", reader)


def _known(fields: Sequence[str] | None, known: Sequence[str]) -> Sequence[str] | None:
    for name in fields or ():
        if name not in known:
            raise ValueError(f"field {name!r} is unknown; there are {', '.join(known)}")
    return fields


def _delivery(delivery: Delivery, wishes: Wishes) -> Delivery:
    qos = delivery.qos if wishes.qos is None else wishes.qos
    return replace(delivery, qos=qos, batch_s=delivery.batch_s if wishes.batch_s is None else wishes.batch_s)
