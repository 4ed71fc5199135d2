"""Wireshark finds nothing malformed in a session of any scenario, played by each profile in turn."""

import asyncio
from dataclasses import replace
from itertools import chain, cycle, islice
from typing import Any

from sllurp.llrp_proto import LLRPROSpec
from tagdock_contract import InputChange, Record, TagRead
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.reading import field_reads
from tagdock_simulators.scenarios import SCENARIOS, Scenario, crossings

RECORDS = 120
FIELDS = {f"Enable{name}": True for name in ("AntennaID", "ChannelIndex", "FirstSeenTimestamp")}
IMPINJ = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": True}


def first_records(scenario: Scenario) -> list[Record]:
    """The first reads and input changes of the reader that has the first one."""
    few = replace(scenario, loads=min(scenario.loads, 3))
    blocks = field_reads(few.geometry(), crossings(few, 1), 1, few.radio)
    records = chain.from_iterable(block.records() for block in blocks)
    first = next(records)
    return [first, *islice((record for record in records if record.reader == first.reader), RECORDS)]


async def play(
    profile: Profile,
    records: list[Record],
    session: Any,
    *,
    serving: Any,
    sllurp: Any,
    relay: Any,
    leave: Any,
    eventually: Any,
) -> None:
    impinj = IMPINJ if profile.impinj_extensions else None
    antennas = tuple(range(1, profile.antennas + 1))
    frequencies = {"HopTableId": 1, "ChannelList": [1]}
    own = LLRPROSpec(
        None,
        3,
        antennas=antennas,
        tag_content_selector=FIELDS,
        impinj_tag_content_selector=impinj,
        tx_power=profile.powers,
        frequencies=frequencies,
    )
    own["ROReportSpec"]["N"] = 4
    async with serving(profile) as (reader, port), relay(port, session) as between:
        client = await asyncio.to_thread(
            sllurp,
            between,
            rospec=own,
            antennas=list(antennas),
            impinj_tag_content_selector=impinj,
            event_selector={"GPIEvent": True, "ROSpecEvent": True},
            gpi_ports_config={1: True, 2: True},
            keepalive_interval=20,
        )
        await eventually(lambda: reader.is_reporting, seconds=10)
        reader.feed(*records)
        reads = sum(isinstance(record, TagRead) for record in records) // 4 * 4
        await eventually(lambda: len(client.tags) == reads, seconds=10)
        await leave(client)
        await eventually(lambda: not reader.is_connected)


def fits(profile: Profile, records: list[Record]) -> bool:
    return all(
        record.gpi <= profile.inputs if isinstance(record, InputChange) else record.antenna <= profile.antennas
        for record in records
    )


def test_nothing_is_malformed_in_a_session_of_any_scenario(
    serving: Any, sllurp: Any, relay: Any, leave: Any, eventually: Any, capture: Any, tshark: Any, complaints: Any
) -> None:
    tools = {"serving": serving, "sllurp": sllurp, "relay": relay, "leave": leave, "eventually": eventually}
    profiles = cycle(PROFILES.values())
    sessions: list[list[tuple[bool, bytes]]] = []
    for scenario in SCENARIOS.values():
        records = first_records(scenario)
        profile = next(profile for profile in profiles if fits(profile, records))
        sessions.append([])
        asyncio.run(play(profile, records, sessions[-1], **tools))
    path = capture(*sessions)
    seen = [line.split("\t") for line in tshark(path, "-T", "fields", "-e", "tcp.port", "-e", "llrp.type") if line]
    reporting = {ports for ports, types in seen if "61" in types.split(",")}
    assert len(reporting) == len(SCENARIOS), "the dissector has not seen the reports of each session"
    assert not complaints(path)
