"""The lives that a reader keeps track of, as tables: its client's connection, each ROSpec, and each AccessSpec.

What is not in a table is not allowed in that state (LLRP 1.0.1, chapters 10 and 11, and chapter 12 on holding).
"""

from enum import Enum, auto

from tagdock_simulators.llrp.accessspec import AccessSpecState
from tagdock_simulators.llrp.rospec import ROSpecState


class Connection(Enum):
    """How a reader stands to its one client."""

    NONE = auto()
    HOLDING = auto()
    """A client is back, but reports and events wait until it asks for them."""
    OPEN = auto()
    CLOSING = auto()


class Link(Enum):
    """What happens to the connection."""

    ACCEPT = auto()
    ACCEPT_HOLDING = auto()
    ENABLE_REPORTS = auto()
    CLOSE = auto()
    LOSE = auto()


class Life(Enum):
    """What happens to a ROSpec; START and STOP come from the client or from a trigger, PREEMPT from another ROSpec."""

    ENABLE = auto()
    START = auto()
    STOP = auto()
    PREEMPT = auto()
    DISABLE = auto()


class AccessLife(Enum):
    """What happens to an AccessSpec; DELETE comes from the client or from its stop trigger."""

    ENABLE = auto()
    DISABLE = auto()
    DELETE = auto()


CONNECTION = {
    (Connection.NONE, Link.ACCEPT): Connection.OPEN,
    (Connection.NONE, Link.ACCEPT_HOLDING): Connection.HOLDING,
    (Connection.HOLDING, Link.ENABLE_REPORTS): Connection.OPEN,
    (Connection.OPEN, Link.ENABLE_REPORTS): Connection.OPEN,
    (Connection.HOLDING, Link.CLOSE): Connection.CLOSING,
    (Connection.OPEN, Link.CLOSE): Connection.CLOSING,
    (Connection.HOLDING, Link.LOSE): Connection.NONE,
    (Connection.OPEN, Link.LOSE): Connection.NONE,
    (Connection.CLOSING, Link.LOSE): Connection.NONE,
}

ROSPEC = {
    (ROSpecState.DISABLED, Life.ENABLE): ROSpecState.INACTIVE,
    (ROSpecState.INACTIVE, Life.ENABLE): ROSpecState.INACTIVE,
    (ROSpecState.ACTIVE, Life.ENABLE): ROSpecState.ACTIVE,
    (ROSpecState.INACTIVE, Life.START): ROSpecState.ACTIVE,
    (ROSpecState.ACTIVE, Life.START): ROSpecState.ACTIVE,
    (ROSpecState.INACTIVE, Life.STOP): ROSpecState.INACTIVE,
    (ROSpecState.ACTIVE, Life.STOP): ROSpecState.INACTIVE,
    (ROSpecState.ACTIVE, Life.PREEMPT): ROSpecState.INACTIVE,
    (ROSpecState.DISABLED, Life.DISABLE): ROSpecState.DISABLED,
    (ROSpecState.INACTIVE, Life.DISABLE): ROSpecState.DISABLED,
    (ROSpecState.ACTIVE, Life.DISABLE): ROSpecState.DISABLED,
}

ACCESSSPEC: dict[tuple[AccessSpecState, AccessLife], AccessSpecState | None] = {
    (AccessSpecState.DISABLED, AccessLife.ENABLE): AccessSpecState.ACTIVE,
    (AccessSpecState.ACTIVE, AccessLife.ENABLE): AccessSpecState.ACTIVE,
    (AccessSpecState.DISABLED, AccessLife.DISABLE): AccessSpecState.DISABLED,
    (AccessSpecState.ACTIVE, AccessLife.DISABLE): AccessSpecState.DISABLED,
    (AccessSpecState.DISABLED, AccessLife.DELETE): None,
    (AccessSpecState.ACTIVE, AccessLife.DELETE): None,
}
"""None: it is gone."""
