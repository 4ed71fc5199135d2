"""The page Health in a real browser: what is wrong, what to do, and the buttons that do it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.console.faults import antenna_faults, gateway_faults, photo_eye_faults, sensor_faults
from tagdock_cloud.console.queue_faults import (
    Disk,
    ingest_faults,
    plan_faults,
    refusal_remedy,
    room_faults,
    webhook_faults,
    work_faults,
)
from tagdock_cloud_api_browsing import Watch, keep, on  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api").expect
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def gateway(**fields: Any) -> dict[str, Any]:
    usual = {
        "gateway": "g1", "freshness": "fresh", "last_seen_at": NOW, "readers": [{"name": "r1", "state": "up"}],
        "clock_offset_s": 0.1, "lost": {}, "outbox_events": 0, "oldest_unacked_at": None,
    }  # fmt: skip
    return {**usual, **fields}


def antenna(**fields: Any) -> dict[str, Any]:
    usual = {"reader": "r1", "antenna": 1, "door": "D1", "now_passages": 20, "now_reads": 9, "last_at": NOW}
    return {**usual, **fields}


def sensor(**fields: Any) -> dict[str, Any]:
    return {"bin": "A", "quantity": "occupied", "value": 1.0, "is_old": False, "observed_at": NOW, **fields}


DUTY = {
    "duty": "keeping.stock", "age_s": 3.0, "done_at": NOW, "failures": 0, "failed_at": None, "error": None,
}  # fmt: skip
QUEUE = {"waiting": 1, "solving": 0, "oldest_at": NOW - timedelta(minutes=5)}
HOOK = {"name": "ERP", "dead": 0, "failures": 0, "error": None, "oldest_at": None}
ROOM = {"partitions_until": NOW + timedelta(days=50)}
OLD = NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (gateway_faults([gateway()]), []),
        (gateway_faults([gateway(freshness="offline")]), ["cut off"]),
        (gateway_faults([gateway(freshness="silent")]), ["nothing any more"]),
        (gateway_faults([gateway(freshness="late")]), ["a minute old"]),
        (gateway_faults([gateway(freshness="never", last_seen_at=None)]), ["never heard"]),
        (gateway_faults([gateway(freshness="offline"), gateway(freshness="silent")]), ["No gateway is heard"]),
        (
            gateway_faults([gateway(readers=[{"name": "r", "state": "down", "detail": "refused"}])]),
            ["blind. (refused)"],
        ),
        (gateway_faults([gateway(freshness="silent", readers=[{"name": "r", "state": "down"}])]), ["nothing any more"]),
        (gateway_faults([gateway(clock_offset_s=-3.0)]), ["3.0 s behind"]),
        (gateway_faults([gateway(readers=[{"name": "r", "state": "up", "clock_offset_s": 60.0}])]), ["60.0 s ahead"]),
        (gateway_faults([gateway(lost={"pass": 3})]), ["3 goods that only went by"]),
        (antenna_faults([antenna()], []), []),
        (antenna_faults([antenna(now_reads=0)], []), ["read nothing of the last 20"]),
        (antenna_faults([antenna(now_reads=0, now_passages=19)], []), []),
        (
            antenna_faults([antenna(now_reads=0)], [{"reader": "r1", "antenna": 1, "detail": "", "observed_at": NOW}]),
            ["fell off"],
        ),
        (photo_eye_faults([{"door": "D", "side": "inside", "now_passages": 20, "now_broken": 1, "last_at": NOW}]), []),
        (
            photo_eye_faults([{"door": "D", "side": "inside", "now_passages": 20, "now_broken": 0, "last_at": NOW}]),
            ["saw nothing"],
        ),
        (sensor_faults([sensor(is_old=True), sensor(is_old=True, bin="B")]), ["2 bins have said nothing"]),
        (sensor_faults([sensor(quantity="battery_pct", value=4.0)]), ["battery is low"]),
        (ingest_faults([gateway(outbox_events=9, oldest_unacked_at=OLD)], [], NOW), ["9 events wait"]),
        (ingest_faults([gateway(outbox_events=9, oldest_unacked_at=NOW)], [], NOW), []),
        (
            ingest_faults([], [{"client_id": "i", "last_lag_s": 40.0, "last_committed_at": NOW}], NOW),
            ["40 s behind"],
        ),
        (work_faults([DUTY]), []),
        (work_faults([]), ["No worker runs"]),
        (work_faults([{**DUTY, "age_s": 600.0}]), ["No worker runs"]),
        (work_faults([DUTY, {**DUTY, "failures": 2, "error": "no room"}]), ["2 times in a row: no room"]),
        (plan_faults(QUEUE, NOW), ["nothing is being solved"]),
        (plan_faults({**QUEUE, "solving": 1}, NOW), []),
        (webhook_faults([HOOK, {**HOOK, "dead": 2, "error": "502"}]), ["2 messages were given up. (502)"]),
        (webhook_faults([{**HOOK, "failures": 1}]), ["does not take"]),
        (room_faults(ROOM, Disk(100, 30), NOW), []),
        (room_faults(ROOM, Disk(100, 10), NOW), ["10% of the disk"]),
        (room_faults({"partitions_until": NOW + timedelta(days=2)}, None, NOW), ["until 2026-01-07"]),
        (room_faults({"partitions_until": None}, None, NOW), []),
    ],
)
def test_a_fault_is_one_sentence_with_its_remedy(faults: Any, words: list[str]) -> None:
    found = list(faults)
    assert len(found) == len(words) and all(word in fault.what for fault, word in zip(found, words, strict=True))
    assert all(fault.remedy for fault in found)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("$.events[3].observed_at: more than 1:00:00 ahead of the cloud's clock: set the clock", "NTP"),
        ("$.events[0].site: is a, but the topic's site is b", "[gateway] site"),
        ("$.events[0].epc: is no EPC", "what the reason names"),
    ],
)
def test_a_refusal_says_what_to_do(reason: str, remedy: str) -> None:
    assert remedy in refusal_remedy(reason) and "outbox retry" in refusal_remedy(reason)


def test_what_is_wrong_stands_first_with_its_remedy(watch: Watch, helpers: Any) -> None:
    page = watch.open(on(helpers, "/health"))
    ill = page.locator(".faults li", has_text="gw-2").first
    expect(ill).to_contain_text("says nothing any more")
    expect(ill.locator(".remedy")).to_contain_text("look at its network")
    expect(page.locator("section", has_text="Refused batches").last).to_contain_text("outbox retry")
    assert page.get_by_role("button", name="Forget").count() == 0  # a planner may not


def test_a_mute_antenna_is_told_from_one_where_nothing_passes(watch: Watch, warehouse: Any, helpers: Any) -> None:
    def passed(door: str, antennas: list[int], count: int, minutes: int) -> None:
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        heard = [{"reader": f"r-{door}", "antenna": one, "reads": 30, "peak_rssi_dbm": -50.0} for one in antennas]
        epc = f"urn:epc:id:sgtin:9521234.000009.{door}{minutes}"
        times = [at + timedelta(seconds=n / 10) for n in range(count)]
        more = {"door": door, "evidence": {"antennas": heard}}
        helpers.add_movements(warehouse, [helpers.movement(time, f"{epc}{n}", **more) for n, time in enumerate(times)])

    passed("M1", [1, 2], 25, 40)
    passed("M1", [1], 25, 1)
    passed("M2", [1], 25, 40)
    page = watch.open(on(helpers, "/health"))
    mute = page.locator("tr", has_text="r-M1").filter(has_text="mute")
    expect(mute).to_have_count(1)
    expect(mute.locator("td").nth(1)).to_have_text("2")
    expect(page.locator("tr", has_text="r-M2")).to_contain_text("nothing passed")
    keep(page, "health")
    expect(page.locator(".faults")).to_contain_text("r-M1 · 2 This antenna read nothing of the last 25 passages at M1.")


def test_buttons_do_what_is_to_be_done(watch: Watch, warehouse: Any, helpers: Any) -> None:
    warehouse.sql(
        "insert into refused_batches (site, gateway, reason, payload) values (%s, 'gw-1', 'of a test', 'x')",
        [helpers.SITE],
    )
    warehouse.sql("insert into webhooks (name, url, topics) values ('ERP', 'https://erp.example', '{alert}')")
    warehouse.sql(
        "insert into deliveries (webhook_id, topic, body, state, error, ended_at) "
        "select webhook_id, 'alert', '{}', 'dead', '502', now() from webhooks, generate_series(1, 2)"
    )
    page = watch.open(on(helpers, "/health"), role="manager")
    page.locator("tr", has_text="of a test").get_by_role("button", name="Forget").click()
    expect(page.locator("tr", has_text="of a test")).to_have_count(0)
    page.get_by_role("button", name="Send 2 again").click()
    expect(page.locator(".faults", has_text="were given up")).to_have_count(0)
    assert warehouse.sql("select count(*) as waiting from deliveries where state = 'waiting'") == [{"waiting": 2}]
    told = warehouse.sql(
        "select action, count(*) as times from audit where action in ('refused_batch.forget', 'delivery.again') "
        "group by 1 order by 1"
    )
    assert [(row["action"], row["times"]) for row in told] == [("delivery.again", 2), ("refused_batch.forget", 1)]


def test_all_well_is_one_word(browser: Any, served: Any, new_database: Any) -> None:
    with served(new_database(), is_open=True) as service:
        service.sql("insert into sites (site) values ('s')")
        service.sql(
            "insert into gateways (site, gateway, status, status_at) values "
            "('s', 'g', jsonb_build_object('state', 'online', 'at', now(), 'readers', '[]'::jsonb), now())"
        )
        service.sql("insert into duties (duty, every_s, done_at) values ('keeping.stock', 5, now())")
        watching = Watch(browser, service)
        page = watching.open("/health", role=None)
        expect(page.locator("#verdict")).to_have_text("Well.")
        keep(page, "health-well")
        service.sql("update gateways set status = jsonb_set(status, '{state}', '\"offline\"')")
        expect(page.locator("#verdict")).to_have_text("1 thing wants somebody.", timeout=20_000)
        watching.close()
        assert watching.troubles == []
