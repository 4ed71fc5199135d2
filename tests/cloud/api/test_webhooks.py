"""Webhooks over HTTP: what is secret is shown once, what was given up is listed and sent again."""

from typing import Any

import pytest

ANY = {"If-Match": "*"}
BODY = {"name": "ERP", "url": "https://erp.example/hook?key=geheim", "topics": ["alert"]}


@pytest.fixture
def manager(service: Any) -> Any:
    service.sql("delete from webhooks")
    return service.as_("manager")


def add(client: Any, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/webhooks", json={**BODY, **changes})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/webhooks/{added['webhook_id']}"
    return added


def path(webhook: dict[str, Any], *parts: str) -> str:
    return "/".join(["/api/v1/webhooks", str(webhook["webhook_id"]), *parts])


def test_the_secret_is_shown_once_and_the_urls_secrets_never(manager: Any, service: Any) -> None:
    added = add(manager)
    assert added["secret"].startswith("whsec_") and added["url"] == "https://erp.example/…"
    told = manager.get(path(added)).json()
    assert told == {name: value for name, value in added.items() if name != "secret"}
    assert manager.get("/api/v1/webhooks").json()["items"] == [told]
    (row,) = service.sql("select url, secret from webhooks")
    assert row == {"url": BODY["url"], "secret": added["secret"]}
    audited = service.sql("select a::text as said from audit a where action = 'webhook.add'")
    assert audited and "geheim" not in audited[-1]["said"] and added["secret"] not in audited[-1]["said"]


def test_a_mail_address_is_kept_whole_and_shown_without_its_password(manager: Any, service: Any) -> None:
    url = "mailtos://bob:geheim@mail.example?from=dock@mail.example&to=chief@mail.example"
    added = add(manager, url=url)
    assert added["secret"] is None and "geheim" not in str(added) and added["url"] == "mailtos://…@mail.example/…"
    assert service.sql("select url from webhooks") == [{"url": url}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"url": "http://erp.example/geheim"}, "url", id="no-tls"),
        pytest.param({"url": "https://10.0.0.1/geheim"}, "url", id="private"),
        pytest.param({"url": "slack://geheim"}, "url", id="unknown-scheme"),
        pytest.param({"url": ["geheim"]}, "url", id="no-text"),
        pytest.param({"topics": []}, "topics", id="no-topic"),
        pytest.param({"topics": ["weather"]}, "topics[0]", id="unknown-topic"),
        pytest.param({"sites": []}, "sites", id="no-site"),
        pytest.param({"sites": ["a b"]}, "sites[0]", id="no-sites-name"),
        pytest.param({"name": ""}, "name", id="no-name"),
        pytest.param({"secret": "geheim"}, "secret", id="own-secret"),
    ],
)
def test_what_cannot_be_taken_is_named_without_repeating_it(manager: Any, changes: dict[str, Any], field: str) -> None:
    answer = manager.post("/api/v1/webhooks", json={**BODY, **changes})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert "geheim" not in answer.text


def test_a_change_keeps_what_it_does_not_name_and_a_new_url_gets_a_new_secret(manager: Any, service: Any) -> None:
    added = add(manager, sites=["s1"])
    seen = {"If-Match": manager.get(path(added)).headers["etag"]}
    assert manager.patch(path(added), json={"name": "WMS"}).status_code == 428
    service.sql("select tell_webhooks('alert', 's1', '{}')")  # what waits for it is no word of anybody
    renamed = manager.patch(path(added), json={"name": "WMS"}, headers=seen).json()
    assert (renamed["name"], renamed["sites"], renamed["secret"]) == ("WMS", ["s1"], None)
    moved = manager.patch(path(added), json={"url": "https://wms.example/x", "sites": None}, headers=ANY).json()
    assert moved["sites"] is None and moved["secret"] not in (None, added["secret"])
    (row,) = service.sql("select url, secret from webhooks")
    assert row == {"url": "https://wms.example/x", "secret": moved["secret"]}
    assert manager.patch(path(added), json={"is_active": False}, headers=ANY).json()["is_active"] is False
    assert manager.patch(path(added), json={"is_active": True}, headers=seen).status_code == 412
    assert manager.delete(path(added), headers=seen).status_code == 412


def test_a_removed_webhook_takes_what_waits_for_it_along(manager: Any, service: Any) -> None:
    added = add(manager)
    service.sql("select tell_webhooks('alert', 's1', '{}')")
    assert manager.get(path(added)).json()["waiting"] == 1
    assert manager.delete(path(added), headers=ANY).status_code == 204
    assert service.sql("select count(*) as n from deliveries") == [{"n": 0}]
    assert manager.get(path(added)).status_code == 404


def test_dead_letters_are_listed_and_sent_again_under_their_id(manager: Any, service: Any) -> None:
    added = add(manager)
    for number in range(3):
        service.sql(f"select tell_webhooks('alert', 's1', '{{\"n\": {number}}}')")
    service.sql("update deliveries set state = 'dead', attempts = 15, ended_at = now(), error = 'it answered 500'")
    first = manager.get(path(added, "deliveries"), params={"state": "dead", "limit": 2})
    rest = manager.get(first.headers["link"].split(">")[0].lstrip("<"))
    letters = first.json()["items"] + rest.json()["items"]
    assert [letter["body"]["n"] for letter in letters] == [2, 1, 0] and letters[0]["error"] == "it answered 500"
    again = path(added, "deliveries", letters[0]["delivery_id"], "again")
    for _ in range(2):  # once more changes nothing
        answer = manager.post(again).json()
        assert (answer["state"], answer["attempts"], answer["error"]) == ("waiting", 0, None)
        assert answer["delivery_id"] == letters[0]["delivery_id"]
    assert len(manager.get(path(added, "deliveries"), params={"state": "dead"}).json()["items"]) == 2
    audited = service.sql("select count(*) as n from audit where action = 'delivery.again'")
    assert audited[0]["n"] == 1


def test_a_test_message_is_queued_once_an_idempotency_key(manager: Any) -> None:
    added = add(manager)
    headers = {"Idempotency-Key": "one-test"}
    first, second = (manager.post(path(added, "test"), headers=headers) for _ in range(2))
    assert first.status_code == 202 and first.json() == second.json() and first.json()["topic"] == "test"
    assert len(manager.get(path(added, "deliveries")).json()["items"]) == 1


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_an_unknown_webhook_is_not_found(manager: Any, method: str) -> None:
    content = {"json": {}} if method == "patch" else {}
    assert (
        manager.request(method, path({"webhook_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}), **content).status_code
        == 404
    )


def test_a_manager_of_some_sites_has_only_webhooks_of_these(manager: Any, service: Any) -> None:
    everywhere, elsewhere, here = add(manager), add(manager, sites=["s2"]), add(manager, sites=["s1"])
    local = service.as_("manager", "s1")
    assert [row["webhook_id"] for row in local.get("/api/v1/webhooks").json()["items"]] == [here["webhook_id"]]
    for other in (everywhere, elsewhere):
        assert local.get(path(other)).status_code == 404
        assert local.get(path(other, "deliveries")).status_code == 404
    assert local.post("/api/v1/webhooks", json=BODY).status_code == 403
    assert local.post("/api/v1/webhooks", json={**BODY, "sites": ["s1", "s2"]}).status_code == 403
    assert local.patch(path(here), json={"sites": None}).status_code == 403
    assert local.post("/api/v1/webhooks", json={**BODY, "sites": ["s1"]}).status_code == 201


def test_webhooks_have_a_bound(manager: Any, service: Any) -> None:
    service.sql(
        "insert into webhooks (name, url, topics) "
        "select n::text, 'https://x.example', '{alert}' from generate_series(1, 200) n"
    )
    answer = manager.post("/api/v1/webhooks", json=BODY)
    assert answer.status_code == 409 and "200 webhooks" in answer.json()["detail"]
