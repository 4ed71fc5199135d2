"""The page Live in a real browser: expected against seen, what is stale, and deciding what is uncertain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud_api_browsing import Watch, on  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect

EPC = "urn:epc:id:sgtin:9521234.000011."


def evidence(at: datetime) -> dict[str, Any]:
    """Two rows that were strongest at once, with their photo-eyes: a person has to look."""
    rows = [
        {"reader": "dock-1", "antenna": number, "side": side, "reads": 20, "first_at": at, "peak_rssi_dbm": -55.0,
         "peak_at": at + timedelta(seconds=0.6), "last_at": at + timedelta(seconds=1.5)}
        for number, side in ((1, "outside"), (2, "inside"))
    ]  # fmt: skip
    eye = {"side": "outside", "broken_at": at + timedelta(seconds=0.3), "cleared_at": at + timedelta(seconds=0.8)}
    return {"reads": 40, "antennas": rows, "photo_eyes": [eye], "reason": "both rows peak at once"}


def add_uncertain(service: Any, helpers: Any, *serials: str, door: str = "D2") -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    rows = []
    for number, serial in enumerate(serials):
        at = now - timedelta(milliseconds=number)  # what another test left lies not between them
        fields = {"door": door, "direction": "uncertain", "confidence": 0.6, "evidence": evidence(at)}
        rows.append(helpers.movement(at, EPC + serial, **fields))
    helpers.add_movements(service, rows)
    return rows


def decision(service: Any, row: dict[str, Any]) -> tuple[str | None, str | None] | None:
    key = [row["site"], row["observed_at"], row["event_id"]]
    found = service.sql(
        "select direction, door from corrections where (site, observed_at, event_id) = (%s, %s, %s)", key
    )
    return (found[0]["direction"], found[0]["door"]) if found else None


def test_a_doubt_is_drawn_and_decided_with_one_click_and_the_next_is_at_hand(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    first, second = add_uncertain(warehouse, helpers, "1", "2")
    page = watch.open(on(helpers, "/"), role="operator")
    card = page.locator(f"#passage-{first['event_id']}")
    assert card.locator(".tent").count() == 2 and card.locator("rect.eye").count() == 1
    expect(card.get_by_role("img")).to_have_accessible_name(
        "dock-1/1 outside: 20 reads, strongest -55 dBm after 0.60 s; "
        "dock-1/2 inside: 20 reads, strongest -55 dBm after 0.60 s; photo-eye outside broken after 0.30 s"
    )
    card.get_by_role("button", name="Out", exact=True).click()
    expect(card.get_by_role("status")).to_contain_text("Decided: it went out.")
    assert decision(warehouse, first) == ("out", "D2")
    expect(page.locator(f"#passage-{second['event_id']}").get_by_role("button", name="In", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#passage-{second['event_id']}").get_by_role("status")).to_contain_text("it passed by")
    assert decision(warehouse, second) == ("pass", "D2")
    card.get_by_role("button", name="Was not there").click()
    expect(card.get_by_role("status")).to_contain_text("it was not there")
    assert decision(warehouse, first) == ("none", None)
    page.reload()
    expect(page.locator("#review-title")).to_be_visible()
    assert page.locator(f"#passage-{first['event_id']}, #passage-{second['event_id']}").count() == 0


def test_a_doubt_that_comes_in_stands_there_by_itself_and_goes_when_another_decided(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    page = watch.open(on(helpers, "/"), role="operator")
    expect(page.locator("#state")).to_have_text("live")
    (row,) = add_uncertain(warehouse, helpers, "3")
    card = page.locator(f"#passage-{row['event_id']}")
    expect(card).to_be_visible(timeout=20_000)
    card.get_by_label("by door").select_option("D4")
    page.locator("h1").click()  # what a person is at work on stays
    body = {"site": helpers.SITE, "observed_at": row["observed_at"].isoformat(), "direction": "in"}
    path = f"/api/v1/movements/{row['event_id']}/decision"
    assert warehouse.as_("operator").post(path, json=body).status_code == 200
    page.evaluate("document.activeElement.blur()")
    expect(card).to_have_count(0, timeout=30_000)


def test_the_door_may_be_another_and_a_form_without_scripts_does_it_too(warehouse: Any, helpers: Any) -> None:
    (row,) = add_uncertain(warehouse, helpers, "4")
    form = {
        "event_id": str(row["event_id"]),
        "observed_at": row["observed_at"].isoformat(),
        "direction": "in",
        "door": "D3",
    }
    path = on(helpers, "/live/decide")
    assert warehouse.as_("viewer").post(path, data=form).status_code == 403
    assert decision(warehouse, row) is None
    answer = warehouse.as_("operator").post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/?site={helpers.SITE}#review")
    assert decision(warehouse, row) == ("in", "D3")


def test_who_may_not_decide_sees_the_evidence_and_why_there_are_no_buttons(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    (row,) = add_uncertain(warehouse, helpers, "5")
    page = watch.open(on(helpers, "/"), role="viewer")
    card = page.locator(f"#passage-{row['event_id']}")
    assert card.locator(".tent").count() == 2 and card.get_by_role("button").count() == 0
    expect(page.locator("#review-note")).to_contain_text("Deciding needs the role operator.")


def test_a_decision_that_does_not_get_through_is_not_said_to_be_made(
    browser: Any, warehouse: Any, helpers: Any
) -> None:
    (row,) = add_uncertain(warehouse, helpers, "6")
    watching = Watch(browser, warehouse)
    page = watching.open(on(helpers, "/"), role="operator")
    page.route("**/live/decide*", lambda route: route.abort())
    card = page.locator(f"#passage-{row['event_id']}")
    card.get_by_role("button", name="In", exact=True).click()
    expect(card.get_by_role("alert")).to_have_text("Nothing answers; nothing was decided.")
    assert card.get_by_role("status").count() == 0 and decision(warehouse, row) is None
    watching.close()


def test_what_is_expected_stands_against_what_was_seen_by_name(watch: Watch, warehouse: Any, helpers: Any) -> None:
    operator, admin, site = warehouse.as_("operator"), warehouse.as_("admin"), helpers.SITE
    mine, theirs, strange = (
        warehouse.sql(
            "select epc, quantity from items where sku = %s and state = 'sellable_accessible' order by epc limit 1",
            [sku],
        )[0]
        for sku in ("85000A", "85014C", "85021D")
    )
    lines = {"LIVE-1": [{"sku": "85000A", "quantity": 100 + mine["quantity"]}], "LIVE-2": [{"epc": theirs["epc"]}]}
    for door, (order, wanted) in zip(("D1", "D2"), lines.items(), strict=True):
        body = {"partner": "Kaufmann & Co", "door": door, "lines": wanted}
        assert admin.put(f"/api/v1/sites/{site}/orders/{order}", json=body).status_code < 300
        opened = {"site": site, "door": door, "kind": "outbound", "order": order}
        assert operator.post("/api/v1/sessions", json=opened).status_code == 201
    passed = [mine["epc"], theirs["epc"], strange["epc"]]
    helpers.add_movements(warehouse, [helpers.movement(datetime.now(UTC), epc, door="D1") for epc in passed])
    warehouse.sql(
        "select project_session_goods(jsonb_agg(jsonb_build_object('site', site, 'session_id', session_id, 'epc', epc))"
        ", true) from door_sessions, unnest(%s::text[]) as g (epc) where order_id in ('LIVE-1', 'LIVE-2')",
        [passed],
    )  # as ingest does
    page = watch.open(on(helpers, "/"))
    session = page.locator("#now-D1")
    expect(session).to_contain_text("Outbound LIVE-1 Kaufmann & Co")
    expect(session).to_contain_text(f"{mine['quantity']} of {100 + mine['quantity']} seen")
    expect(session.locator(".missing")).to_contain_text("100 missing 85000A")
    expect(session.locator(".wrong")).to_contain_text(f"{theirs['epc'].rsplit(':', 1)[1]} belongs at D2 (LIVE-2)")
    expect(session.locator(".unexpected")).to_contain_text(strange["epc"].rsplit(":", 1)[1])
    expect(page.locator("#now-D2 .wrong")).to_contain_text("passed D1")


def test_a_door_whose_gateway_is_silent_says_that_it_is_stale(watch: Watch, warehouse: Any, helpers: Any) -> None:
    helpers.add_movements(warehouse, [helpers.movement(datetime.now(UTC), EPC + "9", door="D4", gateway="gw-2")])
    page = watch.open(on(helpers, "/"))
    expect(page.locator("#now-D4 .old")).to_contain_text("Stale: gw-2 was last heard")
    assert page.locator("#now-D1 .old").count() == 0 or "gw-1" in page.locator("#now-D1 .old").inner_text()
