"""The fast writer makes what the general codec makes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_contract import TagRead
from tagdock_simulators.llrp.codec import decode_body, encode_body
from tagdock_simulators.llrp.impinj import (
    ImpinjEnablePeakRSSI,
    ImpinjEnableRFDopplerFrequency,
    ImpinjEnableRFPhaseAngle,
    ImpinjTagReportContentSelector,
    Mode,
)
from tagdock_simulators.llrp.reporting import PLAIN, Clock
from tagdock_simulators.llrp.rospec import (
    C1G2EPCMemorySelector,
    ReportTrigger,
    ROReportSpec,
    TagReportContentSelector,
)
from tagdock_simulators.llrp.tagreports import ReportContent, TagReportWriter, report_message

RO_ACCESS_REPORT = 61
MODES = st.sampled_from(Mode)
IMPINJ = st.builds(
    ImpinjTagReportContentSelector,
    tid=st.none(),
    phase=st.builds(ImpinjEnableRFPhaseAngle, MODES),
    peak_rssi=st.builds(ImpinjEnablePeakRSSI, MODES),
    doppler=st.none() | st.builds(ImpinjEnableRFDopplerFrequency, MODES),
)
SPECS = st.builds(
    ROReportSpec,
    st.sampled_from(ReportTrigger),
    st.just(1),
    st.builds(
        TagReportContentSelector,
        *[st.booleans()] * 10,
        st.lists(st.builds(C1G2EPCMemorySelector, st.booleans(), st.booleans()), max_size=1).map(tuple),
    ),
    st.lists(IMPINJ, max_size=1).map(tuple),
)
READS = st.builds(
    TagRead,
    st.integers(0, 4_000_000_000_000_000).map(lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)),
    st.just("dock-1"),
    st.integers(0, 65535),
    st.binary(min_size=1, max_size=62).map(bytes.hex),
    st.floats(-200, 50),
    st.none() | st.floats(-360, 360),
    st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.none() | st.integers(0, 65535),
    st.integers(1, 2**32),
)


def written(spec: ROReportSpec, *reads: TagRead) -> bytes:
    writer = TagReportWriter(ReportContent(spec, 7, 2, 3), Clock(0, PLAIN))
    return report_message([writer.tag_report(read) for read in reads], 1)


@given(SPECS, READS)
def test_what_is_written_is_what_the_codec_writes_of_it(spec: ROReportSpec, read: TagRead) -> None:
    body = written(spec, read)[10:]
    report = decode_body(RO_ACCESS_REPORT, body)
    assert encode_body(report) == body
    assert len(report.tags) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=SPECS)
def test_only_what_was_asked_for_is_sent(spec: ROReportSpec, read: Callable[..., TagRead]) -> None:
    (tag,) = decode_body(RO_ACCESS_REPORT, written(spec, read())[10:]).tags
    content = spec.content
    sent = {
        "enable_rospec_id": tag.rospec_id,
        "enable_spec_index": tag.spec_index,
        "enable_inventory_parameter_spec_id": tag.inventory_parameter_spec_id,
        "enable_antenna_id": tag.antenna_id,
        "enable_channel_index": tag.channel_index,
        "enable_peak_rssi": tag.peak_rssi,
        "enable_first_seen": tag.first_seen_utc,
        "enable_last_seen": tag.last_seen_utc,
        "enable_tag_seen_count": tag.seen_count,
        "enable_access_spec_id": tag.access_spec_id,
    }
    assert {name: value is not None for name, value in sent.items()} == {name: getattr(content, name) for name in sent}
    wanted = [custom for custom in spec.custom for custom in (custom.phase, custom.peak_rssi, custom.doppler)]  # type: ignore[attr-defined]
    assert len(tag.custom) == sum(switch is not None and switch.mode is Mode.ON for switch in wanted)


def test_every_field_carries_the_reads_value(read: Callable[..., TagRead], everything: Any) -> None:
    on = Mode.ON
    impinj = ImpinjTagReportContentSelector(
        phase=ImpinjEnableRFPhaseAngle(on),
        peak_rssi=ImpinjEnablePeakRSSI(on),
        doppler=ImpinjEnableRFDopplerFrequency(on),
    )
    content = replace(everything, epc_memory=(C1G2EPCMemorySelector(True, True),))
    spec = ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, 1, content, (impinj,))
    (tag,) = decode_body(RO_ACCESS_REPORT, written(spec, read(antenna=2, count=9))[10:]).tags
    since = read().at - datetime(1970, 1, 1, tzinfo=UTC)
    at_us = since // timedelta(microseconds=1)
    assert tag.epc.epc.hex().upper() == read().epc
    assert (tag.rospec_id.rospec_id, tag.spec_index.index, tag.inventory_parameter_spec_id.spec_id) == (7, 2, 3)
    assert (tag.antenna_id.antenna_id, tag.channel_index.index, tag.seen_count.count) == (2, 3, 9)
    assert tag.first_seen_utc.microseconds == tag.last_seen_utc.microseconds == at_us
    assert tag.peak_rssi.rssi_dbm == -52
    assert [custom.__class__.__name__ for custom in tag.custom] == [
        "ImpinjRFPhaseAngle",
        "ImpinjPeakRSSI",
        "ImpinjRFDopplerFrequency",
    ]
    phase, rssi, doppler = tag.custom
    assert (phase.angle, rssi.rssi_cdbm, doppler.shift) == (round(123.4 / 360 * 4096), -5250, -24)


def test_pc_word_and_stored_crc_are_those_of_the_tag(read: Callable[..., TagRead], everything: Any) -> None:
    """The CRC is checked by its residue: over PC, EPC and CRC it is 0x1D0F (EPC Gen2 2.1, section 6.3.1.5)."""
    from binascii import crc_hqx

    content = replace(everything, epc_memory=(C1G2EPCMemorySelector(True, True),))
    spec = ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, 1, content)
    (tag,) = decode_body(RO_ACCESS_REPORT, written(spec, read())[10:]).tags
    pc, crc = tag.air_protocol
    memory = pc.pc_bits.to_bytes(2, "big") + bytes.fromhex(read().epc) + crc.crc.to_bytes(2, "big")
    assert pc.pc_bits == 6 << 11
    assert crc_hqx(memory, 0xFFFF) == 0x1D0F


@pytest.mark.parametrize(
    ("rssi_dbm", "reported"), [(-200.0, -128), (50.0, 50), (-52.4, -52)], ids=["floor", "strong", "rounded"]
)
def test_rssi_is_kept_within_its_byte(
    rssi_dbm: float, reported: int, read: Callable[..., TagRead], everything: Any
) -> None:
    spec = ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, 1, everything)
    (tag,) = decode_body(RO_ACCESS_REPORT, written(spec, read(rssi_dbm=rssi_dbm))[10:]).tags
    assert tag.peak_rssi.rssi_dbm == reported
