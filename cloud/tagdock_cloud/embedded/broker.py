"""The embedded MQTT broker: amqtt behind the gate, a program of its own.

It keeps nothing on disk: what it loses the gateways send again, because only the database's commit is acknowledged.
"""

import asyncio
import functools
import logging
import resource
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from amqtt.adapters import StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from tagdock_cloud.access.acl import CLOUD_USER, may, may_in_lab
from tagdock_cloud.access.acl import Action as AclAction
from tagdock_cloud.access.gateways import find_secret
from tagdock_cloud.config import EmbeddedBrokerConfig
from tagdock_cloud.embedded.gate import ACCEPTED, BoundedReader, Gate, connack, read_connect, user_of
from tagdock_cloud.embedded.retained import Kept, Retained
from tagdock_cloud.errors import CloudError, ConfigurationError
from tagdock_cloud.store.pool import AsyncPool

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 1_000
MOST_KEPT_MESSAGES = 1_000
"""For a client that is away; the oldest go first."""
SESSION_EXPIRY_S = 24 * 3600
MEMORY_LIMIT_BYTES = 2 * 1024**3
"""Beyond it the broker ends and is started anew: its memory holds nothing that must survive."""
_LISTENER = "default"
_REFUSED = 0x80
"""Return code of SUBACK (MQTT 3.1.1, section 3.9.3)."""
_ACTIONS: dict[Action, AclAction] = {Action.PUBLISH: "publish", Action.SUBSCRIBE: "subscribe"}


class Steward(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # amqtt has no types
    """Holds clients to their own topics and bounds what is kept for them. Who they are, the gate has settled."""

    @dataclass
    class Config:
        """What amqtt hands to its plugin."""

        is_open: bool = False

    async def authenticate(self, *, session: Session) -> bool | None:
        """Let in whom the gate has let through."""
        return True

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        """Allow what the access table allows; by client id, as amqtt lets a second connection change the user name."""
        if action is Action.RECEIVE:
            return True
        if session is None or topic is None or action is None:
            return False
        user = user_of(session.client_id)
        if self.config.is_open and user != CLOUD_USER:
            return may_in_lab(_ACTIONS[action], topic)
        return may(user, _ACTIONS[action], topic)

    async def on_broker_retained_message(self, *, client_id: str | None, retained_message: Any) -> None:
        """Drop the oldest message that waits for an absent client when there are too many."""
        session = self.context.get_session(client_id) if client_id else None
        while session is not None and session.retained_messages.qsize() > MOST_KEPT_MESSAGES:
            with suppress(asyncio.QueueEmpty):
                session.retained_messages.get_nowait()


class DiscreetBroker(Broker):  # type: ignore[misc]  # amqtt has no types
    """amqtt that tells retained messages to whom subscribes to their topics, and nobody else (decision 0136).

    amqtt itself hands everybody who connects those of every filter that anybody has subscribed to. So it is given none
    to keep: they are kept here and sent when a subscription has been granted.
    """

    def __init__(self, config: BrokerConfig) -> None:
        super().__init__(config)
        self._retained = Retained()
        self._telling: set[asyncio.Task[None]] = set()

    async def retain_message(
        self,
        source_session: Session | None,
        topic_name: str | None,
        data: bytes | bytearray | None,
        qos: int | None = None,
    ) -> None:
        """Keep a message for those who subscribe later, where amqtt would never tell them by itself."""
        if topic_name is not None:
            self._retained.keep(Kept(topic_name, bytes(data or b""), qos or 0))

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Subscribe a client if it may, and tell it what its filter has retained; return SUBACK's return code."""
        code = int(await super().add_subscription(subscription, session))
        if code != _REFUSED and (kept := list(self._retained.under(subscription[0]))):
            task = asyncio.create_task(self._tell(session, kept, code))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        return code

    async def _tell(self, session: Session, kept: list[Kept], most_qos: int) -> None:
        """Send all at once, as amqtt does; what is not acknowledged within its 5 s is given up."""
        _, handler = self.sessions.get(session.client_id, (None, None))
        if handler is not None:
            sent = [handler.mqtt_publish(one.topic, one.data, min(one.qos, most_qos), retain=True) for one in kept]
            await asyncio.gather(*sent, return_exceptions=True)


def run_broker(config: EmbeddedBrokerConfig) -> None:
    """Serve until SIGINT or SIGTERM. Raises CloudError when the port is taken."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)  # it logs a traceback for every client that goes away
    logging.getLogger("transitions").setLevel(logging.WARNING)
    asyncio.run(_serve(config))


async def _serve(config: EmbeddedBrokerConfig) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(_note)  # amqtt leaves the failures of its tasks lying about
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    pool = AsyncPool(config.database, name="tagdock-cloud broker", max_size=2)
    async with pool, _broker(config.is_open) as broker:
        gate = Gate(config.password, config.is_open, functools.partial(find_secret, pool))
        doorkeeper = Doorkeeper(gate, broker)
        async with AsyncExitStack() as servers:
            await servers.enter_async_context(await _listen(config.host, config.port, doorkeeper, _tls(config)))
            if config.inside_port is not None:
                await servers.enter_async_context(await _listen("127.0.0.1", config.inside_port, doorkeeper, None))
            print("ready", flush=True)
            await stopping.wait()


class Doorkeeper:
    """Takes connections, asks the gate, hands them to the broker."""

    def __init__(self, gate: Gate, broker: Broker) -> None:
        self._gate = gate
        self._broker = broker
        self._connections = 0

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self._connections += 1
        try:
            if self._connections <= MOST_CONNECTIONS:
                await self._admit(reader, writer)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            logger.debug("a connection ended: %s", error)
        finally:
            self._connections -= 1
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw, connect = await read_connect(reader)
        code = await self._gate.decide(connect)
        if code != ACCEPTED:
            logger.warning("refused the client %r (code %d)", connect.client_id[:130], code)
            writer.write(connack(code))
            await writer.drain()
            return
        await self._broker.external_connected(BoundedReader(reader, raw), StreamWriterAdapter(writer), _LISTENER)


@asynccontextmanager
async def _broker(is_open: bool) -> AsyncIterator[Broker]:
    plugin = f"{Steward.__module__}.{Steward.__name__}"
    config = BrokerConfig(
        listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
        plugins={plugin: {"is_open": is_open}},
        session_expiry_interval=SESSION_EXPIRY_S,
    )
    broker = DiscreetBroker(config)
    await broker.start()
    try:
        yield broker
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(broker.shutdown(), timeout=3.0)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    logger.debug("%s: %r", context["message"], context.get("exception"))


def _tls(config: EmbeddedBrokerConfig) -> ssl.SSLContext | None:
    """Build the TLS that gateways meet. Raises ConfigurationError for files that are no certificate and its key."""
    if config.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.tls_cert, config.tls_key)
    except OSError as error:
        raise ConfigurationError(f"--tls-cert and --tls-key are no certificate and its key: {error}") from error
    return context


async def _listen(host: str, port: int, doorkeeper: Doorkeeper, tls: ssl.SSLContext | None) -> asyncio.Server:
    try:
        return await asyncio.start_server(doorkeeper.admit, host, port, limit=256 * 1024, ssl=tls)
    except OSError as error:
        raise CloudError(
            f"port {port} on {host} cannot be used ({error.strerror}): choose another with --broker-port"
        ) from error
