"""What a client sets of its antennas changes what is reported: filters, power, sensitivity, states of the tags."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    C1G2Filter,
    C1G2InventoryCommand,
    C1G2SingulationControl,
    C1G2TagInventoryMask,
    C1G2TagInventoryStateAwareFilterAction,
    C1G2TagInventoryStateAwareSingulationAction,
    C1G2TagInventoryStateUnawareFilterAction,
    RFReceiver,
    RFTransmitter,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.fields import BitString
from tagdock_simulators.llrp.impinj import ImpinjEnableExtensions, ImpinjInventorySearchMode
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.llrp.profiles.impinj import SPEEDWAY
from tagdock_simulators.llrp.profiles.zebra import FX9600
from tagdock_simulators.llrp.rospec import AISpec, AISpecStopTrigger, AIStopTrigger, InventoryParameterSpec
from tagdock_simulators.llrp.status import SUCCESS
from tagdock_simulators.llrp.tagflags import persistence_us

SGTIN, SSCC, OTHER = "3034257BF7194E4000001A85", "3114257BF7000000000000AB", "3514257BF7000000000000AC"
NEVER = AISpecStopTrigger(AIStopTrigger.NULL, 0)


def mask(data: bytes = b"\x30", at: int = 32, bank: int = 1) -> C1G2TagInventoryMask:
    return C1G2TagInventoryMask(bank, at, BitString(len(data) * 8, data))


def wants(data: bytes = b"\x30", action: int | None = None, bank: int = 1, at: int = 32) -> C1G2Filter:
    unaware = C1G2TagInventoryStateUnawareFilterAction(action) if action is not None else None
    return C1G2Filter(0, mask(data, at, bank), None, unaware)


def filtered(antenna: int, *filters: C1G2Filter) -> AntennaConfiguration:
    return AntennaConfiguration(antenna, inventory_commands=(C1G2InventoryCommand(False, filters),))


def searching(mode: int, session: int, antenna: int = 0) -> AntennaConfiguration:
    control = C1G2SingulationControl(session, 32, 0)
    command = C1G2InventoryCommand(False, (), None, control, (ImpinjInventorySearchMode(mode),))
    return AntennaConfiguration(antenna, inventory_commands=(command,))


def with_antennas(rospec: Any, *antennas: AntennaConfiguration) -> Any:
    return rospec(specs=(AISpec((0,), NEVER, (InventoryParameterSpec(1, 1, antennas),)),))


def heard(clerk: Any, *reads: Any) -> list[tuple[int, str]]:
    """Antenna and EPC of every tag that is reported."""
    tags = [tag for said in clerk.feed(*reads) if isinstance(said, m.ROAccessReport) for tag in said.tags]
    return [(tag.antenna_id.antenna_id, tag.epc.epc.hex().upper()) for tag in tags]


@pytest.fixture
def impinj(clerk_of: Any) -> Any:
    clerk = clerk_of(SPEEDWAY)
    clerk.ask(ImpinjEnableExtensions())
    return clerk


class TestFilters:
    def test_choose_the_tags_that_are_reported(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(with_antennas(rospec, filtered(0, wants(b"\x30"))))
        assert heard(clerk, *(read(epc=epc, antenna=2) for epc in (SGTIN, SSCC, SGTIN))) == [(2, SGTIN)] * 2

    def test_hold_for_their_antenna(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(with_antennas(rospec, filtered(1, wants(b"\x30")), filtered(2, wants(b"\x31"))))
        reads = [read(epc=epc, antenna=antenna) for antenna in (1, 2, 3) for epc in (SGTIN, SSCC)]
        assert heard(clerk, *reads) == [(1, SGTIN), (2, SSCC), (3, SGTIN), (3, SSCC)]

    def test_of_the_reader_hold_where_the_aispec_has_none(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.ask(m.SetReaderConfig(False, antenna_configurations=(filtered(0, wants(b"\x30")),)))
        clerk.run(with_antennas(rospec, filtered(2, wants(b"\x31"))))
        reads = [read(epc=epc, antenna=antenna) for antenna in (1, 2) for epc in (SGTIN, SSCC)]
        assert heard(clerk, *reads) == [(1, SGTIN), (2, SSCC)]

    def test_of_the_reader_change_for_a_rospec_that_runs(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        assert heard(clerk, read(epc=SSCC)) == [(1, SSCC)]
        clerk.ask(m.SetReaderConfig(False, antenna_configurations=(filtered(1, wants(b"\x30")),)))
        assert heard(clerk, read(epc=SSCC), read(epc=SGTIN)) == [(1, SGTIN)]

    def test_see_what_was_written_to_a_tag(self, clerk: Any, rospec: Any, access_spec: Any, read: Any) -> None:
        from tagdock_simulators.llrp.accessspec import C1G2Write

        clerk.run(with_antennas(rospec, filtered(1, wants(b"\xca\xfe", bank=3, at=0))))
        assert heard(clerk, read()) == []
        clerk.ask(m.AddAccessSpec(access_spec(C1G2Write(1, 0, 3, 0, (0xCAFE,)))))
        clerk.ask(m.EnableAccessSpec(1))
        assert heard(clerk, read(antenna=2), read()) == [(2, SGTIN), (1, SGTIN)]

    def test_are_shown_as_they_were_set(self, clerk: Any, rospec: Any) -> None:
        antenna = filtered(1, wants(b"\x30", 4), wants(b"\x31", 3))
        clerk.ask(m.SetReaderConfig(False, antenna_configurations=(antenna,)))
        (shown,) = clerk.ask(m.GetReaderConfig(1, m.Setting.ANTENNA_CONFIGURATION, 0, 0))
        assert shown.antenna_configurations[0].inventory_commands == antenna.inventory_commands
        clerk.run(with_antennas(rospec, antenna))
        assert clerk.ask(m.GetROSpecs())[0].rospecs[0].specs[0].inventory[0].antennas == (antenna,)

    def test_remember_no_more_tags_than_they_may(
        self, clerk: Any, rospec: Any, read: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tagdock_simulators.llrp import air

        monkeypatch.setattr(air, "MAX_STANDS", 2)
        clerk.run(with_antennas(rospec, filtered(1, wants(b"\x30"))))
        for _ in range(2):
            assert heard(clerk, *(read(epc=epc) for epc in (SGTIN, SSCC, OTHER))) == [(1, SGTIN)]
        (inventory,) = clerk.device.clerk.rospecs._inventories.values()
        assert len(inventory._gates[0][1]._stands) == 2


AWARE = C1G2TagInventoryStateAwareFilterAction


@pytest.mark.parametrize(
    ("profile", "chosen", "code", "field"),
    [
        pytest.param(SPEEDWAY, replace(wants(), truncation=2), StatusCode.P_FIELD_ERROR, 0, id="truncation"),
        pytest.param(SPEEDWAY, wants(bank=0), StatusCode.P_FIELD_ERROR, 0, id="reserved bank"),
        pytest.param(SPEEDWAY, wants(action=6), StatusCode.P_FIELD_ERROR, 0, id="no such unaware action"),
        pytest.param(FX9600, replace(wants(), aware_action=AWARE(5, 0)), StatusCode.P_FIELD_ERROR, 0, id="no target"),
        pytest.param(FX9600, replace(wants(), aware_action=AWARE(4, 8)), StatusCode.P_FIELD_ERROR, 1, id="no action"),
        pytest.param(
            SPEEDWAY,
            replace(wants(), aware_action=AWARE(0, 0)),
            StatusCode.P_UNSUPPORTED_PARAMETER,
            None,
            id="aware on a reader that is not",
        ),
    ],
)
def test_a_filter_that_the_reader_cannot_do_is_refused(
    profile: Profile, chosen: C1G2Filter, code: StatusCode, field: int | None, clerk_of: Any, rospec: Any
) -> None:
    clerk, antenna = clerk_of(profile), filtered(1, chosen)
    for request in (
        m.AddROSpec(with_antennas(rospec, antenna)),
        m.SetReaderConfig(False, antenna_configurations=(antenna,)),
    ):
        wrong = clerk.ask(request)[0].status.parameter_error
        while wrong.parameter_error is not None:
            wrong = wrong.parameter_error
        assert wrong.error_code is code
        assert (wrong.field_error.field_number if wrong.field_error else None) == field


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_as_many_filters_are_taken_as_the_reader_declares(profile: Profile, clerk_of: Any, rospec: Any) -> None:
    clerk = clerk_of(profile)
    for more in (1, 0):
        filters = [wants()] * (profile.air_protocol().max_select_filters_per_query + more)
        (answer,) = clerk.ask(m.AddROSpec(with_antennas(rospec, filtered(1, *filters))))
        assert (answer.status == SUCCESS) is (more == 0)


class TestPower:
    @pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
    def test_the_highest_changes_nothing(self, profile: Profile, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(profile)
        strongest = RFTransmitter(int(profile.band.hops), 1, profile.powers)
        clerk.run(with_antennas(rospec, AntennaConfiguration(0, RFReceiver(1), strongest)))
        (report,) = clerk.feed(read(rssi_dbm=-79.0))
        assert report.tags[0].peak_rssi.rssi_dbm == -79

    @pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
    def test_less_of_it_weakens_and_silences(self, profile: Profile, clerk_of: Any, rospec: Any, read: Any) -> None:
        """6 dB less: a strong tag is 6 dB weaker, a weak one gone, and another antenna as before."""
        clerk = clerk_of(profile)
        steps = 600 // (profile.powers_cdbm[1] - profile.powers_cdbm[0])
        weaker = RFTransmitter(int(profile.band.hops), 1, profile.powers - steps)
        clerk.run(with_antennas(rospec, AntennaConfiguration(1, None, weaker)))
        reads = [read(antenna=antenna, rssi_dbm=rssi) for antenna in (1, 2) for rssi in (-40.0, -68.0)]
        said = [tag for report in clerk.feed(*reads) for tag in report.tags]
        assert [(tag.antenna_id.antenna_id, tag.peak_rssi.rssi_dbm) for tag in said] == [(1, -46), (2, -40), (2, -68)]

    def test_a_deafer_receiver_hears_from_its_own_sensitivity_on(self, clerk: Any, rospec: Any, read: Any) -> None:
        """Index 2 of a Speedway's table is 10 dB over -80 dBm."""
        clerk.run(with_antennas(rospec, AntennaConfiguration(0, RFReceiver(2))))
        reads = [read(rssi_dbm=rssi) for rssi in (-69.0, -71.0, -70.0)]
        said = [tag.peak_rssi.rssi_dbm for report in clerk.feed(*reads) for tag in report.tags]
        assert said == [-69, -70]

    def test_of_the_aispec_goes_before_the_readers_own(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.ask(
            m.SetReaderConfig(False, antenna_configurations=(AntennaConfiguration(0, None, RFTransmitter(0, 1, 41)),))
        )
        clerk.run(with_antennas(rospec, AntennaConfiguration(1, None, RFTransmitter(0, 1, 61))))
        reads = [read(antenna=antenna, rssi_dbm=-30.0) for antenna in (1, 2)]
        said = [tag.peak_rssi.rssi_dbm for report in clerk.feed(*reads) for tag in report.tags]
        assert said == [-35, -40]


class TestSingleTarget:
    @pytest.mark.parametrize("mode", [0, 2], ids=["reader's choice", "dual target"])
    def test_is_not_the_default(self, mode: int, impinj: Any, rospec: Any, read: Any) -> None:
        impinj.run(with_antennas(rospec, searching(mode, 2)))
        assert len(heard(impinj, *[read()] * 3)) == 3

    @pytest.mark.parametrize("session", [2, 3])
    def test_keeps_a_tag_quiet_while_it_is_seen_and_then_some(
        self, session: int, impinj: Any, rospec: Any, read: Any
    ) -> None:
        impinj.run(with_antennas(rospec, searching(1, session)))
        assert len(heard(impinj, read())) == 1
        for _ in range(40):
            impinj.wait(1000)
            assert heard(impinj, read()) == []
        impinj.wait(persistence_us(session, SGTIN) // 1000 + 1)
        assert len(heard(impinj, read(), read())) == 1

    def test_lets_a_tag_of_session_1_answer_every_few_seconds(self, impinj: Any, rospec: Any, read: Any) -> None:
        impinj.run(with_antennas(rospec, searching(1, 1)))
        count = 0
        for _ in range(300):
            count += len(heard(impinj, read()))
            impinj.wait(100)
        assert count == pytest.approx(30e6 / persistence_us(1, SGTIN), abs=1.5)

    def test_with_suppression_session_1_is_held_too(self, impinj: Any, rospec: Any, read: Any) -> None:
        impinj.run(with_antennas(rospec, searching(3, 1)))
        assert len(heard(impinj, read())) == 1
        for _ in range(100):
            impinj.wait(400)
            assert heard(impinj, read()) == []
        impinj.wait(5001)
        assert len(heard(impinj, read())) == 1

    def test_a_flag_is_the_tags_and_counts_on_every_antenna_that_asks_for_it(
        self, impinj: Any, rospec: Any, read: Any
    ) -> None:
        impinj.run(
            with_antennas(rospec, searching(1, 2, 1), searching(1, 2, 2), searching(1, 3, 3), searching(2, 2, 4))
        )
        reads = [read(antenna=antenna) for antenna in (1, 2, 3, 4, 4)]
        assert [antenna for antenna, _ in heard(impinj, *reads)] == [1, 3, 4, 4]

    def test_a_tag_that_gets_no_power_is_not_held(self, impinj: Any, rospec: Any, read: Any) -> None:
        weak = replace(searching(1, 2), transmitter=RFTransmitter(0, 1, 1))
        impinj.run(with_antennas(rospec, weak))
        assert len(heard(impinj, read(rssi_dbm=-30.0))) == 1
        for _ in range(21):
            impinj.wait(1000)
            assert heard(impinj, read(rssi_dbm=-60.0)) == []
        assert len(heard(impinj, read(rssi_dbm=-30.0))) == 1

    def test_outlives_the_rospec(self, impinj: Any, rospec: Any, read: Any) -> None:
        impinj.run(with_antennas(rospec, searching(1, 2)))
        assert len(heard(impinj, read())) == 1
        impinj.ask(m.DeleteROSpec(1))
        impinj.run(with_antennas(rospec, searching(1, 2)))
        assert heard(impinj, read()) == []


def by_state(
    *filters: C1G2Filter, b: bool = False, off: bool = True, session: int = 2, aware: bool = True
) -> AntennaConfiguration:
    action = C1G2TagInventoryStateAwareSingulationAction(b, off)
    command = C1G2InventoryCommand(aware, filters, None, C1G2SingulationControl(session, 32, 0, action))
    return AntennaConfiguration(1, inventory_commands=(command,))


def flags(target: int, action: int, data: bytes = b"\x30") -> C1G2Filter:
    return C1G2Filter(0, mask(data), AWARE(target, action))


class TestStateAware:
    """On a reader that declares it: the Zebra."""

    @pytest.mark.parametrize(
        ("antenna", "reported"),
        [
            pytest.param(by_state(), [SGTIN, SSCC], id="A, once each"),
            pytest.param(by_state(b=True), [], id="B: nobody was counted yet"),
            pytest.param(by_state(off=False), [], id="SL: nobody was selected"),
            pytest.param(by_state(flags(0, 0), off=False), [SGTIN], id="SL set by a filter"),
            pytest.param(by_state(flags(0, 0)), [SSCC], id="not SL"),
            pytest.param(by_state(flags(3, 4), b=True), [SGTIN, SGTIN], id="set to B before each inventory"),
            pytest.param(by_state(flags(2, 4), b=True), [], id="another session's flag"),
            pytest.param(by_state(aware=False), [SGTIN, SSCC, SGTIN, SSCC], id="not asked for"),
        ],
    )
    def test_tags_answer_by_their_flags(
        self, antenna: AntennaConfiguration, reported: list[str], clerk_of: Any, rospec: Any, read: Any
    ) -> None:
        clerk = clerk_of(FX9600)
        clerk.run(with_antennas(rospec, antenna))
        assert [epc for _, epc in heard(clerk, *(read(epc=epc) for epc in (SGTIN, SSCC) * 2))] == reported

    def test_a_reader_that_is_not_ignores_the_flag_and_the_action(self, clerk: Any, rospec: Any, read: Any) -> None:
        """As LLRP 1.0.1 wants it (section 15.2.1.2.1)."""
        clerk.run(with_antennas(rospec, by_state(b=True, off=False)))
        assert len(heard(clerk, *[read()] * 3)) == 3

    def test_a_client_of_1_1_can_ask_whether_selected_or_not(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(replace(PROFILES["generic-llrp11"], singulates_by_state=True))
        clerk.ask(m.SetProtocolVersion(2))
        action = C1G2TagInventoryStateAwareSingulationAction(False, False, all_selected=True)
        antenna = by_state(flags(0, 0), off=False)
        command = replace(antenna.inventory_commands[0], singulation=C1G2SingulationControl(2, 32, 0, action))
        clerk.run(with_antennas(rospec, replace(antenna, inventory_commands=(command,))))
        assert [epc for _, epc in heard(clerk, *(read(epc=epc) for epc in (SGTIN, SSCC) * 2))] == [SGTIN, SSCC]

    def test_counted_tags_answer_the_other_state(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(FX9600)
        other = replace(by_state(b=True), antenna_id=2)
        clerk.run(with_antennas(rospec, by_state(), other))
        reads = [read(antenna=antenna) for antenna in (2, 1, 1, 2, 2, 1)]
        assert [antenna for antenna, _ in heard(clerk, *reads)] == [1, 2, 1]


def test_a_reset_to_the_factorys_settings_lets_all_tags_through_again(clerk: Any, rospec: Any, read: Any) -> None:
    clerk.ask(m.SetReaderConfig(False, antenna_configurations=(filtered(0, wants(b"\x31")),)))
    assert clerk.ask(m.SetReaderConfig(True))[0].status == SUCCESS
    clerk.run(rospec())
    assert len(heard(clerk, read())) == 1
