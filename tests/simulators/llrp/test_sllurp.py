"""sllurp 3.0.5, unmodified, inventories the reader."""

import asyncio
from typing import Any

import pytest
from sllurp.llrp import LLRPReaderState
from sllurp.llrp_proto import LLRPROSpec
from tagdock_contract import InputChange

FIELDS = (
    "ROSpecID",
    "AntennaID",
    "ChannelIndex",
    "PeakRSSI",
    "FirstSeenTimestamp",
    "LastSeenTimestamp",
    "TagSeenCount",
)
SELECTOR = {f"Enable{name}": True for name in FIELDS}
IMPINJ = {"EnableRFPhaseAngle": True, "EnablePeakRSSI": True, "EnableRFDopplerFrequency": True}


async def on_its_thread(client: Any, action: Any) -> None:
    """Run something on sllurp's own thread: from another one it races with the answer to what it sends."""
    done = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def act(*_: object) -> None:
        client.remove_message_callback("KEEPALIVE", act)
        action()
        loop.call_soon_threadsafe(done.set_result, None)

    client.add_message_callback("KEEPALIVE", act)
    await asyncio.wait_for(done, 5)


async def connected(sllurp: Any, reader: Any, port: int, eventually: Any, **config: Any) -> Any:
    client = await asyncio.to_thread(sllurp, port, **config)
    inventorying = LLRPReaderState.STATE_INVENTORYING
    await eventually(lambda: reader.is_reporting and client.llrp.state == inventorying)
    return client


@pytest.mark.parametrize("every", [1, 10], ids=lambda every: f"every {every}")
def test_with_its_own_rospec(every: int, serving: Any, sllurp: Any, read: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            config = {"tag_content_selector": SELECTOR, "report_every_n_tags": every}
            client = await connected(sllurp, reader, port, eventually, **config)
            epcs = [f"{number:024X}" for number in range(1, 101)]
            reader.feed(*(read(epc=epc, antenna=1 + place % 2) for place, epc in enumerate(epcs)))
            await eventually(lambda: len(client.tags) == 100)
            assert [tag["EPC"].decode().upper() for tag in client.tags] == epcs
            assert [tag["AntennaID"] for tag in client.tags[:4]] == [1, 2, 1, 2]
            assert client.is_alive()

    asyncio.run(scene())


@pytest.mark.parametrize("n", [1, 7])
@pytest.mark.parametrize("impinj", [None, IMPINJ], ids=["plain", "impinj"])
def test_with_a_rospec_that_never_stops(
    n: int, impinj: dict[str, bool] | None, serving: Any, sllurp: Any, read: Any, eventually: Any
) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            own = LLRPROSpec(
                None, 5, antennas=(1, 2), tag_content_selector=SELECTOR, impinj_tag_content_selector=impinj, tx_power=81
            )
            own["ROReportSpec"]["N"] = n
            client = await connected(
                sllurp, reader, port, eventually, rospec=own, impinj_tag_content_selector=impinj, start_inventory=True
            )
            reader.feed(*(read(antenna=1 + number % 2, epc=f"{number:024x}") for number in range(70)))
            await eventually(lambda: len(client.tags) == 70)
            tag, sent = client.tags[3], read()
            assert (tag["ROSpecID"], tag["AntennaID"], tag["ChannelIndex"], tag["TagSeenCount"]) == (5, 2, 3, 1)
            at_us = round(sent.at.timestamp() * 1e6)
            assert tag["FirstSeenTimestampUTC"] == tag["LastSeenTimestampUTC"] == at_us
            assert tag["PeakRSSI"] == -52
            assert tag.get("ImpinjPeakRSSI") == (-5250 if impinj else None)
            assert tag.get("ImpinjRFPhaseAngle") == (round(123.4 / 360 * 4096) if impinj else None)
            assert tag.get("ImpinjRFDopplerFrequency") == (-24 if impinj else None)
            assert reader.is_reporting

    asyncio.run(scene())


def test_with_every_impinj_switch_that_it_has(serving: Any, sllurp: Any, read: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            client = await connected(
                sllurp,
                reader,
                port,
                eventually,
                report_every_n_tags=1,
                impinj_search_mode=2,
                impinj_extended_configuration=True,
                impinj_tag_content_selector=IMPINJ,
                mode_identifier=2,
                tag_filter_mask=["3034"],
                tx_power_dbm=25.0,
                frequencies={"HopTableId": 0, "ChannelList": [1, 3], "Automatic": False},
            )
            reader.feed(read())
            await eventually(lambda: len(client.tags) == 1)
            assert client.llrp.reader_mode["ModeIdentifier"] == 2

    asyncio.run(scene())


def test_hears_inputs_and_keepalives(serving: Any, sllurp: Any, read: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            client = await connected(
                sllurp,
                reader,
                port,
                eventually,
                event_selector={"GPIEvent": True},
                gpi_ports_config={2: True},
                keepalive_interval=20,
            )
            alive: list[object] = []
            client.add_message_callback("KEEPALIVE", lambda _, message: alive.append(message))
            reader.feed(InputChange(read().at, "dock-1", 2, True))
            await eventually(lambda: any("GPIEvent" in event for event in client.events) and len(alive) > 2)
            assert client.events[-1]["GPIEvent"] == {"GPIPortNumber": 2, "GPIEvent": True}

    asyncio.run(scene())


def test_pauses_resumes_and_leaves_politely(serving: Any, sllurp: Any, read: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (reader, port):
            client = await connected(sllurp, reader, port, eventually, report_every_n_tags=1, keepalive_interval=20)
            await on_its_thread(client, client.llrp.pause)
            await eventually(lambda: not reader.is_reporting)
            reader.feed(read())
            await eventually(lambda: client.llrp.state == LLRPReaderState.STATE_PAUSED)
            await on_its_thread(client, client.llrp.resume)
            await eventually(lambda: reader.is_reporting)
            await eventually(lambda: client.llrp.state == LLRPReaderState.STATE_INVENTORYING)
            reader.feed(read())
            await eventually(lambda: len(client.tags) == 1)
            await on_its_thread(client, client.disconnect)
            await eventually(lambda: not reader.is_connected)
            await eventually(lambda: not client.is_alive())

    asyncio.run(scene())


def test_is_told_when_another_client_is_there(serving: Any, sllurp: Any, raw_client: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with serving() as (_, port), raw_client(port) as first:
            await first.get()
            second = await asyncio.to_thread(sllurp, port)
            await eventually(lambda: len(second.events) == 1)
            status = second.events[0]["ConnectionAttemptEvent"]["Status"]
            assert "exists" in status.lower(), status

    asyncio.run(scene())
