"""Less power weakens echoes and leaves tags without power, as the radio's own link budget says."""

from dataclasses import replace
from itertools import islice
from statistics import mean

import pytest
from tagdock_contract import TagRead
from tagdock_simulators.llrp.power import Setting
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading.field import field_reads
from tagdock_simulators.scenarios import SCENARIOS, crossings

RADIO = Radio()


@pytest.mark.parametrize(
    ("less_db", "rssi_dbm", "heard_dbm"),
    [
        pytest.param(0.0, -79.9, -79.9, id="full power changes nothing"),
        pytest.param(3.0, -52.5, -55.5, id="the echo falls with the power"),
        pytest.param(9.75, -52.5, -62.25, id="the tag just wakes"),
        pytest.param(10.0, -52.5, None, id="the tag does not wake"),
        pytest.param(10.0, -40.0, -50.0, id="a near tag has more to lose"),
    ],
)
def test_a_read_is_weaker_or_gone(less_db: float, rssi_dbm: float, heard_dbm: float | None) -> None:
    """At 30 dBm, -52.5 dBm of echo mean (30 - 52.5 + 6) / 2 = -8.25 dBm at a tag that wakes at -18."""
    assert Setting(30.0, less_db, -80.0).rssi_dbm(rssi_dbm) == heard_dbm


@pytest.mark.parametrize(("weakest_dbm", "heard"), [(-52.5, True), (-52.0, False)], ids=["just heard", "too weak"])
def test_a_deaf_receiver_hears_only_strong_tags(weakest_dbm: float, heard: bool) -> None:
    assert Setting(30.0, 0.0, weakest_dbm).rssi_dbm(-52.5) == (-52.5 if heard else None)


@pytest.mark.parametrize("gain_db", [-30.0, -41.0, -47.0])
@pytest.mark.parametrize("less_db", [0.25, 1.0, 5.0, 12.0])
def test_agrees_with_the_radio_that_made_the_read(gain_db: float, less_db: float) -> None:
    """The budget turned round gives what the radio gives when it sends less itself (`radio.link`)."""

    def rssi(sent_dbm: float) -> float | None:
        echo_dbm = sent_dbm + 2.0 * gain_db - RADIO.modulation_loss_db
        return echo_dbm if sent_dbm + gain_db >= RADIO.tag_sensitivity_dbm else None

    full = rssi(30.0)
    assert full is not None
    wanted = rssi(30.0 - less_db)
    assert Setting(30.0, less_db, -200.0).rssi_dbm(full) == (pytest.approx(wanted) if wanted is not None else None)


@pytest.mark.parametrize("less_db", [3.0, 10.0])
def test_leaves_nearly_the_tags_and_strengths_that_the_radio_gives_with_less_power(less_db: float) -> None:
    """Reads are fewer than the radio's, whose remaining tags answer more often."""
    scenario = SCENARIOS["metal-and-liquid"]
    loads = list(islice(crossings(scenario, 1), 4))

    def reads(radio: Radio) -> list[TagRead]:
        blocks = field_reads(scenario.geometry(), loads, 1, radio)
        return [read for block in blocks for read in block.reads()]

    sent_dbm, setting = scenario.radio.transmit_dbm, Setting(scenario.radio.transmit_dbm, less_db, -80.0)
    full, wanted = reads(scenario.radio), reads(replace(scenario.radio, transmit_dbm=sent_dbm - less_db))
    laid = [(read.epc, rssi) for read in full if (rssi := setting.rssi_dbm(read.rssi_dbm)) is not None]
    tags, wanted_tags = {epc for epc, _ in laid}, {read.epc for read in wanted}
    assert len(wanted_tags) < len({read.epc for read in full})
    assert len(tags ^ wanted_tags) <= 0.05 * len(wanted_tags)
    assert mean(rssi for _, rssi in laid) == pytest.approx(mean(read.rssi_dbm for read in wanted), abs=1.0)
    assert 0.6 < len(laid) / len(wanted) < 1.0
