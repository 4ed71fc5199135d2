"""The table of faults: what each does, where, and what its amount means."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where a fault can be done."""

    WIRE = "wire"
    """Any TCP connection through the proxy: LLRP, MQTT, PostgreSQL, HTTP."""
    LLRP = "llrp"
    """A connection through the proxy that is told to understand LLRP."""
    LLRP_READER = "llrp reader"
    """A simulated LLRP reader itself, played live."""
    READER = "reader"
    """What a reader reads, recorded or played live."""
    SENSOR = "sensor"
    """What a bin's sensors say, `on` a bin, or one of its quantities as in `A-01-1/mass_kg`."""


class Towards(StrEnum):
    """The side that a fault is done to: which bytes it holds, or who is not told."""

    CLIENT = "client"
    SERVER = "server"
    BOTH = "both"

    def covers(self, side: "Towards") -> bool:
        """Say whether a fault done this way is done to that side, too."""
        return self is Towards.BOTH or self is side


class Kind(StrEnum):
    """What can go wrong."""

    CUT = "cut"
    CLOSE = "close"
    CUT_INSIDE = "cut_inside"
    BLACK_HOLE = "black_hole"
    DELAY = "delay"
    JITTER = "jitter"
    TRICKLE = "trickle"
    REFUSE = "refuse"
    RESET_NEW = "reset_new"
    REORDER = "reorder"
    HALF_OPEN = "half_open"
    STOP_READING = "stop_reading"
    MUTE = "mute"
    REFUSE_CLIENT = "refuse_client"
    UNKNOWN_MESSAGE = "unknown_message"
    FOREIGN_MESSAGE = "foreign_message"
    UNDECODABLE_MESSAGE = "undecodable_message"
    WRONG_LENGTH = "wrong_length"
    DUPLICATE_REPORTS = "duplicate_reports"
    FIELDS_LEFT_OUT = "fields_left_out"
    UPTIME_ONLY = "uptime_only"
    CLOCK_SKEW = "clock_skew"
    CLOCK_JUMP = "clock_jump"
    DUPLICATE_READS = "duplicate_reads"
    BURST = "burst"
    DEAD_ANTENNA = "dead_antenna"
    SILENT = "silent"
    FROZEN = "frozen"
    SPIKES = "spikes"
    NOT_A_NUMBER = "not_a_number"
    STALE = "stale"
    DUPLICATE_READINGS = "duplicate_readings"
    OUT_OF_ORDER = "out_of_order"


@dataclass(frozen=True, slots=True)
class Amount:
    """What a fault's number means; without a `default` it has to be given."""

    means: str
    unit: str
    least: float
    most: float
    default: float | None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row of the table. One that `lasts` needs `for_s`; the others happen in a moment."""

    places: tuple[Place, ...]
    does: str
    lasts: bool
    amount: Amount | None = None
    towards: Towards | None = None
    """The side it is done to unless the schedule says otherwise; None: it has no sides."""


_WIRE, _LLRP, _READER, _SENSOR = (Place.WIRE,), (Place.LLRP,), (Place.READER,), (Place.SENSOR,)
_CLOCKS = (Place.READER, Place.SENSOR)
_COPIES = Amount("how often each is there", "times", 2, 100, 2, whole=True)

KINDS: Mapping[Kind, Meaning] = {
    Kind.CUT: Meaning(_WIRE, "resets every connection (RST to both sides)", lasts=False),
    Kind.CLOSE: Meaning(_WIRE, "closes every connection in good order (FIN to both sides)", lasts=False),
    Kind.CUT_INSIDE: Meaning(
        _WIRE,
        "lets the first bytes of the next message (LLRP) or chunk through, then resets the connection",
        lasts=False,
        amount=Amount("bytes let through", "bytes", 1, 1_000_000, 5, whole=True),
        towards=Towards.CLIENT,
    ),
    Kind.BLACK_HOLE: Meaning(
        _WIRE, "takes connections and bytes and passes nothing on, ends neither; what it kept follows after", lasts=True
    ),
    Kind.DELAY: Meaning(
        _WIRE,
        "passes all bytes on later",
        lasts=True,
        amount=Amount("how much later", "s", 0.0, 3600.0, None),
        towards=Towards.BOTH,
    ),
    Kind.JITTER: Meaning(
        _WIRE,
        "passes bytes on later by a random time, in their order",
        lasts=True,
        amount=Amount("how much later at most", "s", 0.0, 3600.0, None),
        towards=Towards.BOTH,
    ),
    Kind.TRICKLE: Meaning(
        _WIRE,
        "passes bytes on slowly",
        lasts=True,
        amount=Amount("how fast", "bytes/s", 1.0, 1e9, None),
        towards=Towards.BOTH,
    ),
    Kind.REFUSE: Meaning(_WIRE, "does not listen: new connections are refused, old ones stay", lasts=True),
    Kind.RESET_NEW: Meaning(_WIRE, "takes new connections and resets them at once", lasts=True),
    Kind.REORDER: Meaning(
        _WIRE,
        "holds a new connection until a later one has reached the server",
        lasts=True,
        amount=Amount("how long at most", "s", 0.01, 600.0, 1.0),
    ),
    Kind.HALF_OPEN: Meaning(
        _WIRE,
        "takes the other side away and does not tell this one, which is reset at the end; new connections are served",
        lasts=True,
        towards=Towards.CLIENT,
    ),
    Kind.STOP_READING: Meaning(
        _WIRE,
        "takes no more bytes for this side, so that the sender's buffers fill",
        lasts=True,
        towards=Towards.CLIENT,
    ),
    Kind.MUTE: Meaning(
        (Place.LLRP, Place.READER), "the reader says nothing, not even KEEPALIVE; what it read is lost", lasts=True
    ),
    Kind.REFUSE_CLIENT: Meaning(
        _LLRP,
        "answers new connections with a ConnectionAttemptEvent that refuses, then closes",
        lasts=True,
        amount=Amount("the event's status: 1, 2 another client is there, 3 other", "", 1, 3, 1, whole=True),
    ),
    Kind.UNKNOWN_MESSAGE: Meaning(_LLRP, "a message of a type that nobody knows comes in between", lasts=False),
    Kind.FOREIGN_MESSAGE: Meaning(_LLRP, "a foreign vendor's CUSTOM_MESSAGE comes in between", lasts=False),
    Kind.UNDECODABLE_MESSAGE: Meaning(
        _LLRP, "an RO_ACCESS_REPORT that cannot be decoded, whole in its frame, comes in between", lasts=False
    ),
    Kind.WRONG_LENGTH: Meaning(
        _LLRP,
        "the next message's header gives a wrong length: the stream is out of step",
        lasts=False,
        amount=Amount("what is added to the length", "bytes", -1_000_000, 2_000_000_000, 7, whole=True),
    ),
    Kind.DUPLICATE_REPORTS: Meaning(_LLRP, "each RO_ACCESS_REPORT comes more than once", lasts=True, amount=_COPIES),
    Kind.FIELDS_LEFT_OUT: Meaning(
        (Place.LLRP_READER,), "the reader leaves out of a tag report what did not change since the last one", lasts=True
    ),
    Kind.UPTIME_ONLY: Meaning(
        (Place.LLRP_READER,), "the reader stamps with the time since it was switched on, not with UTC", lasts=True
    ),
    Kind.CLOCK_SKEW: Meaning(
        _CLOCKS,
        "the clock runs fast (or slow), and is right again afterwards",
        lasts=True,
        amount=Amount("how much faster", "ppm", -100_000.0, 100_000.0, None),
    ),
    Kind.CLOCK_JUMP: Meaning(
        _CLOCKS,
        "the clock is wrong",
        lasts=True,
        amount=Amount("how much it is ahead", "s", -1e9, 1e9, None),
    ),
    Kind.DUPLICATE_READS: Meaning(_READER, "each read is reported more than once", lasts=True, amount=_COPIES),
    Kind.BURST: Meaning(
        _READER,
        "the same tags are read more often, at times in between",
        lasts=True,
        amount=Amount("how often each is there", "times", 2, 100, 10, whole=True),
    ),
    Kind.DEAD_ANTENNA: Meaning(
        _READER,
        "an antenna reads nothing",
        lasts=True,
        amount=Amount("the antenna's port", "", 1, 65535, None, whole=True),
    ),
    Kind.SILENT: Meaning(_SENSOR, "it says nothing", lasts=True),
    Kind.FROZEN: Meaning(
        _SENSOR, "it goes on saying the value that it said last before, with the right time", lasts=True
    ),
    Kind.SPIKES: Meaning(
        _SENSOR,
        "values far from the truth come in between",
        lasts=True,
        amount=Amount("how many of the values", "share", 0.0, 1.0, 0.05),
    ),
    Kind.NOT_A_NUMBER: Meaning(_SENSOR, "the value cannot be measured: nan, null or left out, by format", lasts=True),
    Kind.STALE: Meaning(_SENSOR, "what it said last before comes again and again, with the old time", lasts=True),
    Kind.DUPLICATE_READINGS: Meaning(_SENSOR, "each value comes more than once", lasts=True, amount=_COPIES),
    Kind.OUT_OF_ORDER: Meaning(
        _SENSOR,
        "values come later than others that are younger",
        lasts=True,
        amount=Amount("by how many places at most", "places", 1, 100, 4, whole=True),
    ),
}


def kinds_of(*places: Place) -> tuple[Kind, ...]:
    """List the faults that can be done at one of these places."""
    return tuple(kind for kind, meaning in KINDS.items() if not set(places).isdisjoint(meaning.places))


def kinds_table() -> str:
    """Write the table as Markdown."""
    rows = ["| `kind` | where | what it does | `amount` | `for_s` |", "| --- | --- | --- | --- | --- |"]
    for kind, meaning in KINDS.items():
        lasts = "needed" if meaning.lasts else "-"
        rows.append(
            f"| `{kind}` | {', '.join(meaning.places)} | {meaning.does}{_sides(meaning)} "
            f"| {_amount(meaning.amount)} | {lasts} |"
        )
    return "\n".join(rows)


def _sides(meaning: Meaning) -> str:
    return "" if meaning.towards is None else f" (`towards`: {meaning.towards})"


def _amount(amount: Amount | None) -> str:
    if amount is None:
        return "-"
    told = f"{amount.means}, {amount.unit}" if amount.unit else amount.means
    return told if amount.default is None else f"{told} ({amount.default:g})"
