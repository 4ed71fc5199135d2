"""sllurp's part of an LLRP connection: the codec, and the steps from the greeting to the inventory. Only this module
knows sllurp.

sllurp 3.0.5 keeps half a message over a reconnect, waits for ever for a mute reader, loses its place after a message
that it can't decode, ends its thread on a set-up error, and waits by `select`, which knows no file above the 1024th.
So the socket, its thread and the cutting into messages are ours (`llrp_client`), and each connection gets new objects.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sllurp.llrp import LLRPClient, LLRPMessage, LLRPReaderConfig, LLRPReaderState
from sllurp.llrp_proto import Param_struct

from tagdock_edge.errors import ReaderError
from tagdock_edge.readers.llrp_capabilities import capabilities
from tagdock_edge.readers.llrp_plan import Plan, plan, rospec
from tagdock_edge.readers.llrp_report import check_report
from tagdock_edge.readers.llrp_settings import LlrpSettings

# sllurp lists the parameter as one of C1G2Filter's, but has no encoder for it (15.2.1.2.1.1.3).
Param_struct.setdefault(
    "C1G2TagInventoryStateUnawareFilterAction",
    {"type": 334, "fields": ["Action"], "encode": lambda value, _: bytes([value["Action"]])},
)


class Message(NamedTuple):
    """One decoded message: its name, its parameters by name, and what `Steps.take` wants of it."""

    name: str
    body: dict[str, Any]
    decoded: LLRPMessage


def decode(data: bytes) -> Message:
    """Decode one whole message. Raises anything where it can't be read: sllurp's decoders do."""
    message = LLRPMessage(msgbytes=data)
    name: str = message.getName()
    if name == "RO_ACCESS_REPORT":
        check_report(data)
    return Message(name, message.msgdict[name], message)


class Steps(LLRPClient):  # type: ignore[misc]  # sllurp has no types
    """sllurp's steps of the set-up, with capabilities checked and the ROSpec written by us."""

    def __init__(
        self,
        settings: LlrpSettings,
        send: Callable[[bytes], None],
        on_inventory: Callable[[], None],
        on_standing: Callable[[dict[str, Any]], None],
    ) -> None:
        """`on_standing` gets the reader's configuration, `on_inventory` is called once it reads."""
        super().__init__(_client_config(settings), send, self._on_state)
        self.plan: Plan | None = None
        self._settings, self._on_inventory, self._on_standing = settings, on_inventory, on_standing

    def take(self, message: Message) -> None:
        """Go on with a message. Raises ReaderError where the reader can't do what is asked, or anything else."""
        self.handleMessage(message.decoded)

    def leave(self) -> None:
        """Ask the reader to end the inventory; DELETE_ROSPEC_RESPONSE says that it has. Raises OSError.

        sllurp's own way books what it waits for after it has asked: from another thread the answer may come in
        between and is then waited for in vain.
        """
        self.sendMessage({"DELETE_ROSPEC": {"ROSpecID": 0}})

    def _on_state(self, state: int) -> None:
        if state == LLRPReaderState.STATE_INVENTORYING:
            self._on_inventory()

    def parseCapabilities(self, capdict: dict[str, Any]) -> None:  # noqa: N802  # sllurp calls it
        """Check what was asked for; sllurp takes what comes nearest to a power, and stumbles over gaps in the table."""
        self.plan = plan(self._settings, capabilities(capdict))

    def send_GET_READER_CONFIG(self, onCompletion: Callable[..., None]) -> None:  # noqa: N802, N803  # sllurp calls it
        """Switch Impinj's extensions on before, now that the reader is known to be one.

        sllurp would ask every reader for them, whoever made it, before it has asked who did.
        """
        ask = super().send_GET_READER_CONFIG
        if self.plan is not None and self.plan.needs_extensions:
            self.send_ENABLE_IMPINJ_EXTENSIONS(onCompletion=lambda *_: ask(onCompletion=onCompletion))
        else:
            ask(onCompletion=onCompletion)

    def parseReaderConfig(self, confdict: dict[str, Any]) -> None:  # noqa: N802  # sllurp calls it
        """Hear how antennas and inputs stand."""
        self._on_standing(confdict)

    def getROSpec(self, force_new: bool = False) -> dict[str, Any]:  # noqa: N802  # sllurp calls it
        """Give the ROSpec that makes the reader read."""
        if self.plan is None:
            raise ReaderError("told no capabilities")
        return rospec(self.plan, self._settings)


def _client_config(settings: LlrpSettings) -> LLRPReaderConfig:
    """Build a new configuration for sllurp, which changes the object that it is given."""
    return LLRPReaderConfig(
        {
            "antennas": [one.antenna for one in settings.antennas],
            "keepalive_interval": round(settings.keepalive_s * 1000),
            "event_selector": {
                "GPIEvent": bool(settings.inputs),
                "AntennaEvent": True,
                "ReportBufferFillWarning": True,
                "ReaderExceptionEvent": True,
            },
            "gpi_ports_config": dict.fromkeys(settings.inputs, True),
        }
    )
