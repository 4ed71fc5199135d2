"""sllurp, unmodified, inventories every profile; pyllrp and Wireshark find nothing wrong with what each one says."""

import asyncio
from typing import Any

import pytest
from sllurp.llrp import LLRPReaderState
from sllurp.llrp_proto import LLRPROSpec
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import decode_message
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.llrp.profiles.thingmagic import SARGAS
from tagdock_simulators.llrp.reporting import Reporting

FIELDS = {f"Enable{name}": True for name in ("AntennaID", "ChannelIndex", "FirstSeenTimestamp", "LastSeenTimestamp")}
IMPINJ = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": True}
EPCS = [f"{number:024X}" for number in range(1, 41)]
each_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


@pytest.fixture
def inventoried(serving: Any, sllurp: Any, relay: Any, leave: Any, eventually: Any, read: Any) -> Any:
    """Let sllurp inventory a reader and leave politely; gives the client."""

    async def scene(profile: Profile, session: Any, reporting: Reporting | None, config: dict[str, Any]) -> Any:
        antennas = list(range(1, profile.antennas + 1))
        async with serving(profile, reporting=reporting) as (reader, port), relay(port, session) as between:
            client = await asyncio.to_thread(sllurp, between, antennas=antennas, keepalive_interval=50, **config)
            inventorying = LLRPReaderState.STATE_INVENTORYING
            await eventually(lambda: reader.is_reporting and client.llrp.state == inventorying, seconds=10)
            ports = [antennas[place % len(antennas)] for place in range(len(EPCS))]
            reader.feed(*(read(epc=epc, antenna=port) for epc, port in zip(EPCS, ports, strict=True)))
            await eventually(lambda: len(client.tags) == len(EPCS), seconds=10)
            assert [tag["EPC"].decode().upper() for tag in client.tags] == EPCS
            assert [tag["AntennaID"] for tag in client.tags] == ports
            await leave(client)
            await eventually(lambda: not reader.is_connected, seconds=10)
            assert reader.tags_lost == 0
        return client

    def run(profile: Profile, session: Any, reporting: Reporting | None = None, **config: Any) -> Any:
        return asyncio.run(scene(profile, session, reporting, config))

    return run


def test_sllurp_inventories_each_as_it_is_and_the_judges_find_nothing_wrong(
    inventoried: Any, capture: Any, complaints: Any, reader_said: Any, by_pyllrp: Any
) -> None:
    sessions = [as_it_is(profile, inventoried) for profile in PROFILES.values()]
    for session in sessions:
        frames = reader_said(session)
        for message in by_pyllrp(frames):
            message._validate()
        said = {type(decode_message(frame)[1]) for frame in frames}
        assert said > {m.GetReaderCapabilitiesResponse, m.ROAccessReport}
    assert not complaints(capture(*sessions))


def as_it_is(profile: Profile, inventoried: Any) -> list[tuple[bool, bytes]]:
    """With sllurp's own ROSpec: an AISpec that ends after N tags, or after a time on the reader that refuses that."""
    session: list[tuple[bool, bytes]] = []
    ends = {"duration": 0.05} if profile is SARGAS else {"report_every_n_tags": 5}
    extensions = {"impinj_tag_content_selector": IMPINJ} if profile.impinj_extensions else {}
    config = {"tag_content_selector": FIELDS, "mode_identifier": profile.rf_modes[1].mode_identifier}
    config |= {"tx_power_dbm": profile.powers_cdbm[-1] / 100, **ends, **extensions}
    inventoried(profile, session, **config)
    return session


@each_profile
@pytest.mark.parametrize("clock", ["UTC", "Uptime"])
def test_sllurp_inventories_it_with_a_rospec_that_never_stops(profile: Profile, clock: str, inventoried: Any) -> None:
    own = LLRPROSpec(
        None,
        5,
        antennas=tuple(range(1, profile.antennas + 1)),
        tag_content_selector=FIELDS,
        tx_power=profile.powers,
        frequencies={"HopTableId": 1, "ChannelList": [1]},
    )
    own["ROReportSpec"]["N"] = 8
    client = inventoried(profile, [], Reporting(has_utc_clock=clock == "UTC"), rospec=own)
    stamps = {key for key in client.tags[0] if "SeenTimestamp" in key}
    assert stamps == {f"{which}SeenTimestamp{clock}" for which in ("First", "Last")}


def test_the_thingmagic_reader_refuses_what_sllurp_asks_for_by_default(
    serving: Any, sllurp: Any, relay: Any, eventually: Any, reader_said: Any
) -> None:
    """sllurp turns `report_every_n_tags` into AISpec stop trigger 3; a real Sargas refuses that too."""
    session: list[tuple[bool, bytes]] = []

    def refusals() -> list[Any]:
        answers = (decode_message(frame)[1] for frame in reader_said(session))
        return [answer for answer in answers if isinstance(answer, m.AddROSpecResponse)]

    async def scene() -> None:
        async with serving(SARGAS) as (reader, port), relay(port, session) as between:
            await asyncio.to_thread(sllurp, between, report_every_n_tags=5)
            await eventually(lambda: bool(refusals()), seconds=10)
            assert not reader.is_reporting

    asyncio.run(scene())
    (refusal,) = refusals()
    assert refusal.status.status_code is StatusCode.M_PARAMETER_ERROR
    assert "StopTrigger 3" in refusal.status.error_description
