"""One tag in a report (LLRP 1.0.1, chapter 13): the EPC and whatever the ROSpec asked for."""

from tagdock_simulators.llrp.fields import S8, U16, U32, U64, BitField, Bytes12
from tagdock_simulators.llrp.opresults import OpSpecResult
from tagdock_simulators.llrp.schema import CustomParameter, parameter


@parameter(241)
class EPCData:
    """An EPC of any length."""

    epc: BitField


@parameter(13)
class EPC96:
    """An EPC of 96 bits."""

    epc: Bytes12


@parameter(9)
class ROSpecID:
    """The ROSpec that saw the tag."""

    rospec_id: U32


@parameter(14)
class SpecIndex:
    """The spec of the ROSpec, counted from 1."""

    index: U16


@parameter(10)
class InventoryParameterSpecID:
    """The inventory parameters that were in use."""

    spec_id: U16


@parameter(1)
class AntennaID:
    """The antenna, counted from 1."""

    antenna_id: U16


@parameter(6)
class PeakRSSI:
    """The strongest echo, in whole dBm."""

    rssi_dbm: S8


@parameter(7)
class ChannelIndex:
    """The channel, counted from 1."""

    index: U16


@parameter(2)
class FirstSeenTimestampUTC:
    """Microseconds since 1970."""

    microseconds: U64


@parameter(3)
class FirstSeenTimestampUptime:
    """Microseconds since the reader was switched on."""

    microseconds: U64


@parameter(4)
class LastSeenTimestampUTC:
    """Microseconds since 1970."""

    microseconds: U64


@parameter(5)
class LastSeenTimestampUptime:
    """Microseconds since the reader was switched on."""

    microseconds: U64


@parameter(8)
class TagSeenCount:
    """How often the tag was seen since its last report."""

    count: U16


@parameter(12)
class C1G2PC:
    """The tag's protocol-control word."""

    pc_bits: U16


@parameter(11)
class C1G2CRC:
    """The tag's checksum word."""

    crc: U16


@parameter(16)
class AccessSpecID:
    """The AccessSpec that worked on the tag; 0 is none."""

    access_spec_id: U32


@parameter(240)
class TagReportData:
    """One tag's report."""

    epc: EPCData | EPC96
    rospec_id: ROSpecID | None = None
    spec_index: SpecIndex | None = None
    inventory_parameter_spec_id: InventoryParameterSpecID | None = None
    antenna_id: AntennaID | None = None
    peak_rssi: PeakRSSI | None = None
    channel_index: ChannelIndex | None = None
    first_seen_utc: FirstSeenTimestampUTC | None = None
    first_seen_uptime: FirstSeenTimestampUptime | None = None
    last_seen_utc: LastSeenTimestampUTC | None = None
    last_seen_uptime: LastSeenTimestampUptime | None = None
    seen_count: TagSeenCount | None = None
    air_protocol: tuple[C1G2PC | C1G2CRC, ...] = ()
    access_spec_id: AccessSpecID | None = None
    op_results: tuple[OpSpecResult, ...] = ()
    custom: tuple[CustomParameter, ...] = ()
