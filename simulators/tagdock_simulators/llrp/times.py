"""Clock values, in microseconds: since 1970 in UTC, or since the reader was switched on (LLRP 1.0.1)."""

from tagdock_simulators.llrp.fields import U64
from tagdock_simulators.llrp.schema import parameter


@parameter(128)
class UTCTimestamp:
    """Microseconds since 1970-01-01, leap seconds not counted."""

    microseconds: U64


@parameter(129)
class Uptime:
    """Microseconds since the reader was switched on."""

    microseconds: U64
