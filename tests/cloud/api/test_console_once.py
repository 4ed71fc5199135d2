"""A form of the console that is sent twice at once, or again, is done once; a changed one is another request."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from tagdock_cloud_api_browsing import deliveries_of, shipping_of  # laid there by conftest.py


class Form(NamedTuple):
    """A form on a page: who fills it in with what, what is changed then, and where what it makes is counted."""

    role: str
    page: str
    action: str
    data: dict[str, Any]
    changed: dict[str, Any]
    count: str


QUESTIONS = "select count(*) from questions where kind = "
FORMS = {
    "plan": Form("planner", "/plans", "/plans", {"at_most": "5"}, {"at_most": "6"}, "select count(*) from plans"),
    "run": Form(
        "planner", "/shipping/runs", "/shipping/runs", {"day": "2099-05-04"}, {"speed_km_h": "31"},
        f"{QUESTIONS}'run'",
    ),
    "rebalancing": Form(
        "planner", "/shipping/between", "/shipping/rebalancings", {"sites": ["hangzhou-1", "shanghai-1"]},
        {"days": "14"}, f"{QUESTIONS}'rebalancing'",
    ),
    "split": Form(
        "planner", "/shipping/between", "/shipping/splits",
        {"sites": ["hangzhou-1", "shanghai-1"], "sku": "SKU", "quantity": "7"}, {"quantity": "8"},
        f"{QUESTIONS}'split'",
    ),
    "report": Form(
        "manager", "/reports", "/reports",
        {"name": "Twice", "kpis": ["return_rate"], "period": "week", "time_zone": "UTC"}, {"name": "Thrice"},
        "select count(*) from reports",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def things(warehouse: Any, helpers: Any) -> dict[str, str]:
    names = shipping_of(warehouse, helpers)
    deliveries_of(warehouse, helpers)  # tells of vehicles, too
    return dict(names)


def word_of(page: str, action: str) -> str:
    """Return the word that a form on a page is known by."""
    forms = re.findall(rf'<form[^>]* action="{action}[?"][^>]*>(.*?)</form>', page, re.DOTALL)
    (word,) = [word for form in forms for word in re.findall(r'name="once" value="([^"]+)"', form)]
    return str(word)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_sent_twice_is_done_once(
    warehouse: Any, helpers: Any, things: dict[str, str], name: str
) -> None:
    role, page, action, told, changed, count = FORMS[name]
    here = {"site": helpers.SITE}
    data = {**here, **told, **({"sku": things["sku"]} if "sku" in told else {})}
    person = warehouse.as_(role)
    word = word_of(person.get(page, params=here).text, action)

    def send(more: dict[str, Any]) -> str:
        answer = person.post(action, params=here, data={**data, **more, "once": word})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    before = rows(warehouse, count)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, [{}] * 4))) == 1
    assert rows(warehouse, count) == before + 1
    send({})
    assert rows(warehouse, count) == before + 1
    send(changed)
    assert rows(warehouse, count) == before + 2, "who goes back and changes a number asks for something else"


def test_a_form_that_was_refused_can_be_sent_again(warehouse: Any, helpers: Any, things: dict[str, str]) -> None:
    here, sql = {"site": helpers.SITE}, "select count(*) from shipments"
    shop, order = warehouse.as_("integrator"), f"{things['so']}-late"
    word = word_of(shop.get("/shipping", params=here).text, "/shipping/shipments")
    told = {"order": order, "carrier": "SF", "tracking": order, "service": "", "once": word}
    before = rows(warehouse, sql)
    assert shop.post("/shipping/shipments", params=here, data=told).status_code == 422
    body = {"partner": "Kaufmann & Co", "lines": [{"sku": "85000A", "quantity": 1}]}
    assert shop.put(f"/api/v1/sites/{helpers.SITE}/orders/{order}", json=body).is_success
    assert shop.post("/shipping/shipments", params=here, data=told).status_code == 303
    assert rows(warehouse, sql) == before + 1


def test_what_another_person_sends_is_not_answered_with_what_this_one_got(
    warehouse: Any, helpers: Any, things: dict[str, str]
) -> None:
    here, planner, manager = {"site": helpers.SITE}, warehouse.as_("planner"), warehouse.as_("manager")
    word = word_of(planner.get("/plans", params=here).text, "/plans")
    told = {**here, "at_most": "9", "once": word}
    places = [one.post("/plans", params=here, data=told).headers["location"] for one in (planner, manager, planner)]
    assert places[0] == places[2] != places[1]


@pytest.mark.parametrize("word", ["", "short", "x" * 65, "white space in between", "ünïcödë-wörd-word"])
def test_a_word_that_no_page_made_is_refused_and_told_what_to_do(warehouse: Any, helpers: Any, word: str) -> None:
    here = {"site": helpers.SITE}
    before = rows(warehouse, "select count(*) from plans")
    told = warehouse.as_("planner").post("/plans", params=here, data={**here, "once": word})
    assert told.status_code == 422 and "load the page again" in told.text
    assert rows(warehouse, "select count(*) from plans") == before


def rows(warehouse: Any, count: str) -> int:
    return int(warehouse.sql(count)[0]["count"])
