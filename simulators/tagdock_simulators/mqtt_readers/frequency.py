"""On which frequency a tag was read: readers tell it, a read only knows the channel's number."""

from tagdock_contract import TagRead

from tagdock_simulators.radio import Region


def frequency_mhz(read: TagRead, region: Region) -> float | None:
    """Return the centre of the read's channel; None where the read has none, or one that the region does not know."""
    if read.channel is None or not 1 <= read.channel <= len(region.channels_mhz):
        return None
    return region.channels_mhz[read.channel - 1]


def frequency_khz(read: TagRead, region: Region) -> int | None:
    """Return the same in kHz."""
    mhz = frequency_mhz(read, region)
    return None if mhz is None else round(mhz * 1000)
