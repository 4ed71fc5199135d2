"""sllurp 3.0.5 sets filters, powers, sessions and search modes, and gets the tags that it asked for."""

import asyncio
from typing import Any

import pytest
from sllurp.llrp import LLRPReaderState
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles.impinj import SPEEDWAY
from tagdock_simulators.llrp.profiles.zebra import FX9600

SGTIN, SSCC, OTHER = "3034257BF7194E4000001A85", "3114257BF7000000000000AB", "3514257BF7000000000000AC"
SELECTOR = {"EnableAntennaID": True, "EnablePeakRSSI": True}

on_two_profiles = pytest.mark.parametrize("profile", [SPEEDWAY, FX9600], ids=lambda profile: profile.name)


def seen(tags: list[dict[str, Any]]) -> list[tuple[int, str, int]]:
    return [(tag["AntennaID"], tag["EPC"].decode().upper(), tag["PeakRSSI"]) for tag in tags]


async def inventory(setting: Any, profile: Profile, config: dict[str, Any], reads: list[Any], last: Any) -> Any:
    """Let sllurp inventory reads with a configuration; `last` is a read that it must get after them."""
    serving, sllurp, eventually = setting
    async with serving(profile) as (reader, port):
        client = await asyncio.to_thread(sllurp, port, tag_content_selector=SELECTOR, report_every_n_tags=1, **config)
        state = LLRPReaderState.STATE_INVENTORYING
        await eventually(lambda: reader.is_reporting and client.llrp.state == state)
        reader.feed(*reads, last)
        await eventually(lambda: len(client.tags) > 0 and client.tags[-1]["EPC"].decode().upper() == last.epc)
        return seen(client.tags[:-1])


@pytest.fixture
def setting(serving: Any, sllurp: Any, eventually: Any) -> Any:
    return serving, sllurp, eventually


@on_two_profiles
@pytest.mark.parametrize(
    ("masks", "wanted"),
    [(["30"], [SGTIN]), (["30", "31"], [SGTIN, SSCC]), (["3034257BF7194E4000001A86"], [])],
    ids=["one mask", "either of two masks", "another tag's EPC"],
)
def test_filters_by_masks(profile: Profile, masks: list[str], wanted: list[str], setting: Any, read: Any) -> None:
    last = read(epc=masks[0].ljust(24, "F"))
    reads = [read(epc=epc) for epc in (SGTIN, SSCC, OTHER)]
    got = asyncio.run(inventory(setting, profile, {"tag_filter_mask": masks}, reads, last))
    assert [epc for _, epc, _ in got] == wanted


@on_two_profiles
def test_sends_less_from_one_antenna(profile: Profile, setting: Any, read: Any) -> None:
    step_cdbm = profile.powers_cdbm[1] - profile.powers_cdbm[0]
    power = {1: profile.powers - 1000 // step_cdbm, 2: profile.powers}
    config = {"tx_power": power}
    if profile.band.hops:
        config["frequencies"] = {"HopTableId": 1, "ChannelList": [1], "Automatic": False}
    reads = [read(antenna=antenna, rssi_dbm=rssi) for antenna in (1, 2) for rssi in (-40.0, -60.0)]
    got = asyncio.run(inventory(setting, profile, config, reads, read(epc=OTHER, antenna=2)))
    assert [(antenna, rssi) for antenna, _, rssi in got] == [(1, -50), (2, -40), (2, -60)]


@pytest.mark.parametrize(
    ("session", "mode", "times"),
    [(2, 1, 1), (1, 3, 1), (2, 2, 5), (2, None, 5)],
    ids=["S2, single target", "S1, suppression", "S2, dual target", "as it is"],
)
def test_asks_for_a_single_target(session: int, mode: int | None, times: int, setting: Any, read: Any) -> None:
    config = {"session": session, "impinj_search_mode": mode}
    got = asyncio.run(inventory(setting, SPEEDWAY, config, [read()] * 5, read(epc=OTHER)))
    assert [epc for _, epc, _ in got] == [SGTIN] * times
