"""The page Layout in a real browser: the floor's colours, its bins, and how a floor comes in."""

import json
from typing import Any

import pytest
from tagdock_cloud_api_browsing import Watch, ask, keep, on, solve  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api").expect


def middle_of(page: Any, name: str) -> dict[str, float]:
    """Return where on its map a bin is drawn, in pixels."""
    where: dict[str, float] = page.evaluate(
        """name => {
            const floor = document.getElementById("floor");
            const [, x, y] = JSON.parse(document.getElementById("bins").textContent).find(([bin]) => bin === name);
            const at = new DOMPoint(x, y).matrixTransform(floor.getScreenCTM()), map = floor.getBoundingClientRect();
            return { x: at.x - map.left, y: at.y - map.top };
        }""",
        name,
    )
    return where


def bin_count(page: Any) -> int:
    return len(json.loads(page.locator("#bins").text_content()))


def test_a_bin_is_opened_by_click_and_by_key(watch: Watch, warehouse: Any, helpers: Any) -> None:
    (row,) = warehouse.sql("select bin, skus[1] as sku from bins_v1 where skus <> '{}' order by bin limit 1 offset 40")
    page = watch.open(on(helpers, "/layout"))
    assert bin_count(page) == helpers.AISLES * helpers.CELLS
    page.locator("#floor").click(position=middle_of(page, row["bin"]))
    expect(page.locator("#panel h2")).to_have_text(row["bin"])
    expect(page.locator("#panel")).to_contain_text(row["sku"])
    page.locator("#floor").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).not_to_have_text(row["bin"])
    expect(page.locator("#said")).to_contain_text(page.locator("#panel h2").inner_text())


def test_a_search_finds_a_bin_by_its_sku_and_looks_nearer(watch: Watch, warehouse: Any, helpers: Any) -> None:
    (row,) = warehouse.sql("select bin, skus[1] as sku from bins_v1 where skus <> '{}' order by bin limit 1 offset 9")
    page = watch.open(on(helpers, "/layout"), width=390)
    whole = page.locator("#floor").get_attribute("viewBox")
    page.get_by_label("Bin or SKU").fill(row["sku"].lower())
    page.get_by_role("button", name="Show on the floor").click()
    expect(page.locator("#panel h2")).to_have_text(row["bin"])
    expect(page.locator("#floor")).not_to_have_attribute("viewBox", whole)
    page.get_by_role("button", name="The whole floor").click()
    view = [float(part) for part in whole.split()]
    page.wait_for_function("w => document.getElementById('floor').viewBox.baseVal.width > w", arg=view[2] * 0.99)


def test_regret_is_told_against_a_plan_and_the_move_stands_in_the_panel(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    plan_id = ask(warehouse, helpers)
    solve(warehouse, plan_id)
    assert warehouse.as_("planner").post(f"/api/v1/plans/{plan_id}/approve").status_code == 200
    (move,) = warehouse.sql("select from_bin, sku, to_bin from moves where plan_id = %s and step = 1", [plan_id])
    page = watch.open(on(helpers, "/layout"))
    page.get_by_label("Colours").select_option("regret")
    expect(page.locator(".legend-title")).to_have_text("metres a day")
    assert page.locator("#floor path[class^=w]").count() > 0
    keep(page, "layout-regret")
    page.locator("#floor").click(position=middle_of(page, move["from_bin"]))
    expect(page.locator("#panel")).to_contain_text(f"{move['sku']} goes to {move['to_bin']}")


def test_sensors_stand_beside_the_record(watch: Watch, warehouse: Any, helpers: Any) -> None:
    bins = warehouse.sql("select bin, items from bin_fill_v1 where items > 0 order by bin limit 2")
    for row, value, minutes in ((bins[0], 0, 1), (bins[1], 1, 200)):
        warehouse.sql(
            "insert into sensor_latest values "
            "(%s, %s, 'occupied', now() - make_interval(mins => %s), %s, 'good', 'gw-1'), "
            "(%s, %s, 'temperature_c', now(), 21.5, 'good', 'gw-1')",
            [helpers.SITE, row["bin"], minutes, value, helpers.SITE, row["bin"]],
        )
    page = watch.open(on(helpers, "/layout?show=sensors"))
    expect(page.locator(".legend li", has=page.locator("i.s4"))).to_contain_text("1")
    expect(page.locator(".legend li", has=page.locator("i.s3"))).to_contain_text("1")
    page.locator("#floor").click(position=middle_of(page, bins[0]["bin"]))
    expect(page.locator("#panel")).to_contain_text("21.5 °C")
    keep(page, "layout-sensors")
    page.get_by_label("Colours").select_option("fill")
    expect(page.locator(".legend")).to_contain_text("more than it takes")
    assert page.locator("#floor path[class^=u]").count() > 0


def test_a_floor_is_drawn_from_its_aisles_saved_and_looked_at_by_level(watch: Watch, warehouse: Any) -> None:
    warehouse.sql("insert into sites (site) values ('drawn') on conflict do nothing")
    page = watch.open("/layout?site=drawn", role="manager")
    page.get_by_role("link", name="Lay out the floor").click()
    page.get_by_label("Aisles", exact=True).wait_for()
    page.wait_for_load_state()  # before its script is there, nobody hears of what is filled in
    page.get_by_label("Aisles", exact=True).fill("3")
    page.get_by_label("Bays an aisle").fill("4")
    page.get_by_label("Levels", exact=True).fill("2")
    page.get_by_label("Doors in front").fill("9")
    expect(page.get_by_role("alert")).to_contain_text("doors_front")
    expect(page.get_by_role("button", name="Save as the layout")).to_be_disabled()
    page.get_by_label("Doors in front").fill("2")
    expect(page.locator("#preview")).to_contain_text("48 bins, 2 doors, 2 levels")
    keep(page, "layout-new")
    page.get_by_role("button", name="Save as the layout").click()
    expect(page.get_by_role("heading", name="Layout", exact=True)).to_be_visible()
    assert bin_count(page) == 48
    page.get_by_label("Level").select_option("2")
    page.wait_for_url("**level=2**")
    assert bin_count(page) == 24
    assert len(warehouse.as_("viewer").get("/api/v1/sites/drawn/layout").json()["bins"]) == 48


def test_a_file_is_mended_line_by_line_and_nobody_overwrites_what_they_have_not_seen(
    watch: Watch, warehouse: Any
) -> None:
    bins = [{"id": name, "x_m": 1, "y_m": n, "skus": [f"K-{name}"]} for n, name in enumerate("AB")]
    floor = {"v": 1, "name": "File", "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
    manager = warehouse.as_("manager")
    assert manager.put("/api/v1/sites/file/layout", json=floor).status_code == 200
    page = watch.open("/layout/new?site=file", role="manager")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the present floor").click()
    text = download.value.path().read_text(encoding="utf-8-sig")

    def choose(content: str) -> None:
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "floor.csv", "mimeType": "text/csv", "buffer": content.encode()}
        )

    choose(text.replace("bin,A,,1.0", "bin,A,,one"))
    expect(page.get_by_role("alert")).to_contain_text("Line 3, x_m")
    keep(page, "layout-mistakes")
    choose(text.replace("bin,B,", "bin,C,").replace("K-B", ""))
    expect(page.locator("#preview")).to_contain_text("1 SKU has no bin on this floor: K-B")
    assert manager.put("/api/v1/sites/file/layout", json={**floor, "name": "Theirs"}).status_code == 200
    page.get_by_role("button", name="Save as the layout").click()
    expect(page.locator("#saved")).to_contain_text("Somebody changed the layout meanwhile")
    watch.troubles.clear()  # the browser notes the 412
    choose(text.replace("bin,B,", "bin,C,"))
    expect(page.locator("#preview")).to_contain_text("1 bins come and 1 go")
    page.get_by_role("button", name="Save as the layout").click()
    expect(page.get_by_role("heading", name="Layout", exact=True)).to_be_visible()
    saved = manager.get("/api/v1/sites/file/layout").json()
    assert (saved["name"], [bin_["id"] for bin_ in saved["bins"]]) == ("Theirs", ["A", "C"])


def test_who_may_not_supply_a_layout_is_told_who_may(watch: Watch, warehouse: Any) -> None:
    warehouse.sql("insert into sites (site) values ('bare') on conflict do nothing")
    page = watch.open("/layout?site=bare", role="viewer")
    expect(page.locator(".lead")).to_have_text("bare has no layout yet.")
    expect(page.locator("main")).to_contain_text("manager")
    assert page.get_by_role("link", name="Lay out the floor").count() == 0


@pytest.mark.parametrize(
    ("head", "keep", "stays"), [("", "true", True), ("", "false", False), (",skus", "true", False)], ids=str
)
def test_skus_stay_in_bins_that_keep_their_name_unless_the_sheet_says_what_lies_where(
    warehouse: Any, head: str, keep: str, stays: bool
) -> None:
    floor = {"v": 1, "name": "", "doors": [], "bins": [{"id": "A", "x_m": 1, "y_m": 1, "skus": ["K-1"]}]}
    manager = warehouse.as_("manager")
    assert manager.put("/api/v1/sites/kept/layout", json=floor).status_code == 200
    text = f"kind,id,x_m,y_m{head}\nbin,A,1,1{',' if head else ''}\n"
    path = f"/layout/check/sheet?site=kept&keep={keep}"
    preview = manager.post(path, content=text, headers={"Content-Type": "text/csv"}).text
    assert ("1 SKU has no bin on this floor" not in preview) == stays
    assert ('"skus":["K-1"]' in preview) == stays
