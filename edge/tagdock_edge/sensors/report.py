"""Readings as the contract's events, their ids by content."""

from tagdock_contract import BinReading, GatewayAddress, content_uuid7

from tagdock_edge.clock import from_us
from tagdock_edge.sensors.told import Reading

_DECIMALS = 6
"""A milligram, a nanometre: conversions leave digits behind that no sensor measured."""


def bin_reading(reading: Reading, gateway: GatewayAddress) -> BinReading:
    """Make the event of a reading; the same reading has the same id, however often it is worked out."""
    value = round(reading.value, _DECIMALS) + 0.0  # -0.0 and 0.0 are one value
    content = (reading.bin, reading.quantity, str(reading.at_us), repr(value), reading.quality)
    return BinReading(
        event_id=content_uuid7(reading.at_us // 1000, gateway.site, gateway.gateway, *content),
        observed_at=from_us(reading.at_us),
        site=gateway.site,
        bin=reading.bin,
        quantity=reading.quantity,
        value=value,
        quality=reading.quality,
    )
