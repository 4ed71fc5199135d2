"""Every profile against real readers' bytes, its own declarations, and the triggers it may and may not take."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import LLRP_1_1, decode_body, decode_message, encode_body, encode_message
from tagdock_simulators.llrp.config import AntennaConfiguration, RFReceiver, RFTransmitter
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.profile import Band, Profile, Standard
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.llrp.profiles.impinj import R700, SPEEDWAY
from tagdock_simulators.llrp.profiles.thingmagic import SARGAS
from tagdock_simulators.llrp.profiles.zebra import FX9600
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    InventoryParameterSpec,
    RFSurveySpec,
    RFSurveySpecStopTrigger,
    ROSpec,
    SurveyStopTrigger,
    TagObservation,
    TagObservationTrigger,
)
from tagdock_simulators.llrp.status import SUCCESS

CAPABILITIES = 11
US_HOPS_KHZ = (
    "909250 908250 925750 911250 910750 926750 917750 905250 927250 921250 925250 919250 924750 916250 919750 913250 "
    "926250 916750 918750 914250 909750 917250 908750 902750 921750 913750 915750 923750 904250 903750 903250 907750 "
    "915250 924250 912750 918250 912250 910250 922250 905750 906750 920750 923250 906250 914750 911750 920250 907250 "
    "922750 904750"
)
"""The hopping sequence of the one reader whose bytes are there."""
US = Band(840, Standard.US_FCC_PART_15, tuple(map(int, US_HOPS_KHZ.split())), hops=True)

each_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


def declared(profile: Profile) -> m.GetReaderCapabilitiesResponse:
    return m.GetReaderCapabilitiesResponse(
        SUCCESS, profile.general(), profile.llrp(), profile.regulatory(), profile.air_protocol()
    )


def waiting_for(kind: TagObservation) -> AISpecStopTrigger:
    return AISpecStopTrigger(AIStopTrigger.TAG_OBSERVATION, 0, None, TagObservationTrigger(kind, 5, 5, 5, 0))


def with_stop(rospec: ROSpec, stop: AISpecStopTrigger) -> ROSpec:
    return replace(rospec, specs=(AISpec((0,), stop, (InventoryParameterSpec(1, 1),)),))


def with_antenna(rospec: ROSpec, antenna: AntennaConfiguration) -> ROSpec:
    never = AISpecStopTrigger(AIStopTrigger.NULL, 0)
    return replace(rospec, specs=(AISpec((0,), never, (InventoryParameterSpec(1, 1, (antenna,)),)),))


def test_a_speedway_declares_what_a_real_one_does_byte_for_byte(real_messages: Path) -> None:
    real = (real_messages / "GetReaderCapabilitiesResponse-000.bytes").read_bytes()
    assert declared(replace(SPEEDWAY, band=US)) == decode_body(CAPABILITIES, real)
    assert encode_body(declared(replace(SPEEDWAY, band=US))) == real


@each_profile
def test_names_itself_and_says_in_a_line_what_it_is(profile: Profile) -> None:
    assert PROFILES[profile.name] is profile
    assert 20 < len(profile.summary) < 100


@each_profile
def test_takes_all_that_it_declares_and_nothing_beyond(profile: Profile, clerk_of: Any, rospec: Any) -> None:
    """The last antenna, power, channel, sensitivity and mode are taken; each next one is refused by its field."""
    channel = len(profile.band.channels_khz)
    best = AntennaConfiguration(
        profile.antennas, RFReceiver(len(profile.sensitivities_db)), RFTransmitter(1, channel, profile.powers)
    )
    worse = (
        replace(best, antenna_id=profile.antennas + 1),
        replace(best, receiver=RFReceiver(len(profile.sensitivities_db) + 1)),
        replace(best, transmitter=RFTransmitter(1, channel, profile.powers + 1)),
        replace(best, transmitter=RFTransmitter(2 * profile.band.hops, channel + 1, profile.powers)),
    )
    clerk = clerk_of(profile)
    for antenna in worse:
        (answer,) = clerk.ask(m.AddROSpec(with_antenna(rospec(), antenna)))
        assert answer.status.status_code is StatusCode.M_PARAMETER_ERROR
    clerk.run(with_antenna(rospec(), best))


@each_profile
def test_is_full_after_as_many_rospecs_as_it_declares(profile: Profile, clerk_of: Any, rospec: Any) -> None:
    clerk = clerk_of(profile)
    answers = [clerk.ask(m.AddROSpec(rospec(rospec_id=n)))[0] for n in range(1, profile.max_rospecs + 2)]
    assert [answer.status == SUCCESS for answer in answers] == [True] * profile.max_rospecs + [False]


@each_profile
def test_refuses_a_survey(profile: Profile, clerk_of: Any, rospec: Any) -> None:
    survey = RFSurveySpec(1, 865_000, 868_000, RFSurveySpecStopTrigger(SurveyStopTrigger.DURATION, 100, 0))
    (answer,) = clerk_of(profile).ask(m.AddROSpec(rospec(specs=(*rospec().specs, survey))))
    assert answer.status.parameter_error.parameter_error.error_code is StatusCode.P_UNSUPPORTED_PARAMETER


@pytest.mark.parametrize(
    ("profile", "kind", "taken"),
    [
        (SPEEDWAY, TagObservation.N_TAGS, True),
        (SPEEDWAY, TagObservation.NO_NEW_TAGS, True),
        (SPEEDWAY, TagObservation.N_ATTEMPTS, False),
        (R700, TagObservation.N_TAGS, True),
        (FX9600, TagObservation.N_TAGS, True),
        (FX9600, TagObservation.NO_NEW_TAGS, False),
        (FX9600, TagObservation.N_ATTEMPTS, True),
        (SARGAS, TagObservation.N_TAGS, False),
        (SARGAS, TagObservation.NO_NEW_TAGS, False),
        (SARGAS, TagObservation.N_ATTEMPTS, False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_takes_its_own_observation_triggers(
    profile: Profile, kind: TagObservation, taken: bool, clerk_of: Any, rospec: Any
) -> None:
    (answer,) = clerk_of(profile).ask(m.AddROSpec(with_stop(rospec(), waiting_for(kind))))
    assert (answer.status == SUCCESS) is taken


def test_a_thingmagic_reader_names_the_stop_trigger_that_it_refuses(clerk_of: Any, rospec: Any) -> None:
    """As a real one: "Error ParameterError adding ROSpec: ... unsupported StopTrigger 3" (sllurp, issue 57)."""
    (answer,) = clerk_of(SARGAS).ask(m.AddROSpec(with_stop(rospec(), waiting_for(TagObservation.N_TAGS))))
    assert answer.status.status_code is StatusCode.M_PARAMETER_ERROR
    assert answer.status.error_description == "AISpecStopTrigger 3 (tag_observation) is not supported"
    wrong = answer.status.parameter_error.parameter_error.parameter_error
    assert (wrong.parameter_type, wrong.error_code, wrong.field_error.field_number) == (
        184,
        StatusCode.P_FIELD_ERROR,
        0,
    )
    for kind in (AIStopTrigger.NULL, AIStopTrigger.DURATION):
        clerk_of(SARGAS).run(with_stop(rospec(), AISpecStopTrigger(kind, 500)))


@each_profile
def test_is_asked_for_its_versions_in_vain_where_it_speaks_one(profile: Profile, clerk_of: Any) -> None:
    """Seen: an R420 and an FX9600 answer GET_SUPPORTED_VERSION with M_UnsupportedVersion."""
    frame = encode_message(m.GetSupportedVersion(), 9, LLRP_1_1)
    (said,) = (decode_message(out.data, profile.max_version)[1] for out in clerk_of(profile).device.receive(frame, 0))
    if profile.max_version == LLRP_1_1:
        assert (said.supported, said.status) == (LLRP_1_1, SUCCESS)
    else:
        assert said.status.status_code is StatusCode.M_UNSUPPORTED_VERSION


def test_zebras_own_capabilities_are_sent_with_all_the_others_only(clerk_of: Any) -> None:
    clerk = clerk_of(FX9600)
    (everything,) = clerk.ask(m.GetReaderCapabilities(m.Capability.ALL))
    assert [(own.vendor, own.subtype, own.data.hex()) for own in everything.custom][:2] == [
        (161, 1, "000000019c"),
        (161, 100, "0000000180"),
    ]
    assert clerk.ask(m.GetReaderCapabilities(m.Capability.LLRP))[0].custom == ()


def test_a_hopping_reader_declares_its_channels_in_a_hop_table(clerk_of: Any) -> None:
    band = FX9600.regulatory().uhf_band
    assert band is not None
    assert band.frequency_information.hopping
    assert band.frequency_information.hop_tables[0].frequencies_khz == SPEEDWAY.band.channels_khz
