"""Grafana in trouble: one clear error each, within the deadline."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from tagdock_dashboards.errors import ConfigurationError, GrafanaError
from tagdock_dashboards.grafana import Grafana

Client = Callable[..., Grafana]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "the token is wrong"),
        (403, "role Editor"),
        (409, "already there"),
        (412, "saved it at this very moment"),
        (500, "look into Grafana's log"),
        (503, "look into Grafana's log"),
        (418, "see the message"),
    ],
)
def test_a_refusal_names_the_call_the_status_and_the_remedy(
    grafana: Any, client: Client, status: int, says: str
) -> None:
    grafana.trouble["POST /api/folders"] = status
    with pytest.raises(GrafanaError, match=f"create folder 'Tagdock': Grafana answered {status} .made to.*{says}"):
        client().create_folder("tagdock", "Tagdock")


def test_what_is_not_there_is_none(grafana: Any, client: Client) -> None:
    target = client()
    assert (target.folder("x"), target.dashboard("x"), target.data_source("x")) == (None, None, None)


def test_404_where_something_must_be(grafana: Any, client: Client) -> None:
    grafana.trouble["POST"] = 404
    with pytest.raises(GrafanaError, match=r"404 .*check that --grafana names"):
        client().create_folder("tagdock", "Tagdock")


def test_a_wrong_token_is_named_at_the_first_call_and_not_shown(grafana: Any, client: Client) -> None:
    with pytest.raises(GrafanaError, match="401") as caught:
        client(token="glsa_wrong").ping()
    assert "glsa_wrong" not in str(caught.value)


@pytest.mark.parametrize("trouble", ["slow", "drip"])
def test_an_answer_that_does_not_come_to_an_end_is_given_up(grafana: Any, client: Client, trouble: str) -> None:
    grafana.trouble["GET /api/frontend"] = trouble
    start_s = time.monotonic()
    with pytest.raises(GrafanaError, match=r"health: no whole answer within 0\.5 s; see --timeout"):
        client(timeout_s=0.5).ping()
    assert time.monotonic() - start_s < 2.5


def test_an_answer_that_is_cut(grafana: Any, client: Client) -> None:
    grafana.trouble["GET /api/folders"] = "cut"
    grafana.folders["tagdock"] = {"uid": "tagdock", "title": "Tagdock"}
    with pytest.raises(GrafanaError, match="folder tagdock: "):
        client().folder("tagdock")


@pytest.mark.parametrize("call", ["ping", "folder", "dashboard"])
def test_a_login_page_is_no_grafana(grafana: Any, client: Client, call: str) -> None:
    grafana.trouble["GET"] = "login page"
    target = client()
    with pytest.raises(GrafanaError, match="not Grafana's"):
        target.ping() if call == "ping" else getattr(target, call)("x")


def test_nobody_listens(client: Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(GrafanaError, match=r"cannot reach Grafana.*check --grafana"):
            client(f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_s=2).ping()


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_slashes_at_the_end_of_the_address_do_not_matter(grafana: Any, client: Client, path: str) -> None:
    assert client(grafana.url + path).ping() == "12.3.0"


def test_a_grafana_below_a_path(grafana: Any, client: Client) -> None:
    with pytest.raises(GrafanaError, match="404"):
        client(grafana.url + "/tools/grafana").ping()
    assert grafana.asked == ["GET /tools/grafana/api/frontend/settings"]


@pytest.mark.parametrize(
    "url", ["grafana.example.org", "ftp://h/", "http://", "http://admin:admin@h/", "http://h/?verify=false", ""]
)
def test_an_address_that_cannot_be_meant(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no Grafana address"):
        Grafana(url, "glsa_x", timeout_s=1)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut"])
def test_a_token_that_cannot_be_meant(token: str) -> None:
    with pytest.raises(ConfigurationError, match="token"):
        Grafana("http://127.0.0.1:1/", token, timeout_s=1)
