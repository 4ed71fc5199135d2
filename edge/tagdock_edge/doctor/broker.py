"""The broker: reached, entered, heard, and spoken to, each right by itself."""

from collections.abc import Iterator

from tagdock_contract import Status, encode

from tagdock_edge.clock import from_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.doctor.finding import Finding
from tagdock_edge.errors import BrokerError
from tagdock_edge.mqtt import Link, publish_refusal

_PATIENCE_S = 5.0


def look_at_broker(config: GatewayConfig, now_us: int) -> Iterator[Finding]:
    """Connect as the gateway would, ask for its acks, publish its status (offline: it is not running)."""
    address, broker = config.address, config.broker
    name = f"{broker.host}:{broker.port}"
    link = Link(broker, address.client_id, subscriptions=(address.topic("ack"),), connect_s=_PATIENCE_S)
    try:
        link.open(subscribed=True)
    except BrokerError as error:
        yield Finding("broker", "bad", str(error).removeprefix("broker "))
        return
    finally:
        link.close()
    how = "TLS" if broker.tls is not None else "no TLS"
    who = "a password" if broker.password is not None else "no password"
    yield Finding("broker", "ok", f"{name} takes {address.client_id} ({how}, {who}) and lets it hear its acks")
    status = Status(site=address.site, gateway=address.gateway, state="offline", at=from_us(now_us))
    try:
        refusal = publish_refusal(broker, address.client_id, address.topic("status"), encode(status), _PATIENCE_S)
    except BrokerError as error:
        yield Finding("broker", "skipped", f"whether it may publish can't be seen: {error}")
        return
    if refusal:
        topics = f"{address.topic('status').rsplit('/', 1)[0]}/#"
        yield Finding("broker", "bad", f"publishing is refused ({refusal})", f"allow it to write {topics}")
    else:
        yield Finding("broker", "ok", "it may publish")
