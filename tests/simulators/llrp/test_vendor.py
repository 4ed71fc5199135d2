"""What Impinj's clients ask for: capabilities, settings, and each setting shown again."""

from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    C1G2InventoryCommand,
    C1G2RFControl,
    C1G2SingulationControl,
    RFTransmitter,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.impinj import (
    ImpinjAdvancedGPOConfiguration,
    ImpinjDetailedVersion,
    ImpinjEnableExtensions,
    ImpinjFixedFrequencyList,
    ImpinjFrequencyCapabilities,
    ImpinjGPIDebounceConfiguration,
    ImpinjInventorySearchMode,
    ImpinjLinkMonitorConfiguration,
    ImpinjLowDutyCycle,
    ImpinjReaderTemperature,
    ImpinjReducedPowerFrequencyList,
    ImpinjReportBufferConfiguration,
    ImpinjRequestedData,
    ImpinjSaveSettings,
    ImpinjSaveSettingsResponse,
    ImpinjSubRegulatoryRegion,
    Mode,
    Requested,
)
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.status import SUCCESS


@pytest.fixture
def clerk(clerk_of: Any) -> Any:
    clerk = clerk_of(DEFAULT)
    clerk.ask(ImpinjEnableExtensions())
    return clerk


def told(clerk: Any, requested: Requested) -> tuple[Any, ...]:
    """What the reader tells of its configuration when it is asked for this of Impinj's."""
    request = m.GetReaderConfig(0, m.Setting.IDENTIFICATION, 0, 0, (ImpinjRequestedData(requested),))
    return clerk.ask(request)[0].custom  # type: ignore[no-any-return]


def test_version_and_frequencies_are_capabilities(clerk: Any) -> None:
    everything = (ImpinjRequestedData(Requested.ALL_CAPABILITIES),)
    version, frequencies = clerk.ask(m.GetReaderCapabilities(m.Capability.GENERAL, everything))[0].custom
    assert isinstance(version, ImpinjDetailedVersion)
    assert version.firmware_version == DEFAULT.firmware
    assert frequencies == ImpinjFrequencyCapabilities(DEFAULT.band.channels_khz)


def test_nothing_is_told_that_was_not_asked_for(clerk: Any) -> None:
    assert clerk.ask(m.GetReaderCapabilities(m.Capability.ALL))[0].custom == DEFAULT.vendor_capabilities
    assert clerk.ask(m.GetReaderConfig(0, m.Setting.ALL, 0, 0))[0].custom == ()
    assert [type(each) for each in told(clerk, Requested.READER_TEMPERATURE)] == [ImpinjReaderTemperature]


def test_all_settings_have_one_for_each_port(clerk: Any) -> None:
    everything = told(clerk, Requested.ALL_CONFIGURATION)
    ports = [each.port for each in everything if isinstance(each, ImpinjGPIDebounceConfiguration)]
    assert ports == [1, 2, 3, 4]
    assert ImpinjSubRegulatoryRegion(7) in everything


SETTINGS: dict[str, tuple[Any, Requested]] = {
    "debounce": (ImpinjGPIDebounceConfiguration(2, 50), Requested.GPI_DEBOUNCE),
    "output": (ImpinjAdvancedGPOConfiguration(3, 1, 200), Requested.ADVANCED_GPO),
    "link": (ImpinjLinkMonitorConfiguration(Mode.ON, 5), Requested.LINK_MONITOR),
    "reports": (ImpinjReportBufferConfiguration(1), Requested.REPORT_BUFFER),
    "region as it is": (ImpinjSubRegulatoryRegion(7), Requested.SUB_REGULATORY_REGION),
}


@pytest.mark.parametrize(("setting", "requested"), SETTINGS.values(), ids=SETTINGS.keys())
def test_a_setting_is_shown_again_and_a_reset_forgets_it(setting: Any, requested: Requested, clerk: Any) -> None:
    before = told(clerk, requested)
    assert clerk.ask(m.SetReaderConfig(False, custom=(setting,)))[0].status == SUCCESS
    after = told(clerk, requested)
    assert setting in after
    assert len(after) == len(before)
    clerk.ask(m.SetReaderConfig(True))
    assert told(clerk, requested) == before


CANNOT_BE_SET: dict[str, Any] = {
    "temperature": ImpinjReaderTemperature(20),
    "input": ImpinjGPIDebounceConfiguration(5, 50),
    "output": ImpinjAdvancedGPOConfiguration(5, 1, 200),
    "region": ImpinjSubRegulatoryRegion(0),
    "no setting of the reader": ImpinjInventorySearchMode(1),
}


@pytest.mark.parametrize("setting", CANNOT_BE_SET.values(), ids=CANNOT_BE_SET.keys())
def test_what_cannot_be_set_is_refused_and_changes_nothing(setting: Any, clerk: Any) -> None:
    before = told(clerk, Requested.ALL_CONFIGURATION)
    debounce = ImpinjGPIDebounceConfiguration(1, 99)
    (answer,) = clerk.ask(m.SetReaderConfig(False, custom=(debounce, setting)))
    assert answer.status.status_code is StatusCode.M_PARAMETER_ERROR
    assert told(clerk, Requested.ALL_CONFIGURATION) == before


def test_what_an_antennas_inventory_is_set_to_is_shown_again_part_by_part(clerk: Any) -> None:
    customs = (
        ImpinjInventorySearchMode(2),
        ImpinjFixedFrequencyList(2, (1, 3)),
        ImpinjReducedPowerFrequencyList(Mode.ON, (4,)),
        ImpinjLowDutyCycle(Mode.ON, 500, 200),
    )
    first = C1G2InventoryCommand(False, (), C1G2RFControl(2, 0), None, customs)
    then = C1G2InventoryCommand(False, (), None, C1G2SingulationControl(2, 32, 0), (ImpinjInventorySearchMode(1),))
    transmitter = RFTransmitter(0, 2, 61)
    for wish in (
        AntennaConfiguration(0, inventory_commands=(first,)),
        AntennaConfiguration(2, transmitter=transmitter, inventory_commands=(then,)),
    ):
        assert clerk.ask(m.SetReaderConfig(False, antenna_configurations=(wish,)))[0].status == SUCCESS
    shown = clerk.ask(m.GetReaderConfig(0, m.Setting.ANTENNA_CONFIGURATION, 0, 0))[0].antenna_configurations
    assert [each.antenna_id for each in shown] == [1, 2, 3, 4]
    assert shown[0].inventory_commands == (first,)
    assert shown[1].transmitter == transmitter
    (command,) = shown[1].inventory_commands
    assert (command.rf_control, command.singulation) == (first.rf_control, then.singulation)
    assert command.custom == (ImpinjInventorySearchMode(1), *customs[1:])


@pytest.mark.parametrize("enabled", [True, False], ids=["extensions on", "extensions off"])
def test_settings_are_saved_for_a_client_of_impinjs(enabled: bool, clerk: Any, clerk_of: Any) -> None:
    (answer,) = (clerk if enabled else clerk_of(DEFAULT)).ask(ImpinjSaveSettings(True))
    wanted = (ImpinjSaveSettingsResponse, SUCCESS.status_code)
    refused = (m.ErrorMessage, StatusCode.M_UNSUPPORTED_MESSAGE)
    assert (type(answer), answer.status.status_code) == (wanted if enabled else refused)


def test_an_antenna_that_cannot_be_set_so_is_refused(clerk: Any) -> None:
    wish = AntennaConfiguration(1, transmitter=RFTransmitter(0, 1, 999))
    (answer,) = clerk.ask(m.SetReaderConfig(False, antenna_configurations=(wish,)))
    assert "powers are 1 to" in answer.status.error_description
    wrong = answer.status.parameter_error.parameter_error
    assert (wrong.parameter_type, wrong.field_error.field_number) == (224, 2)
