"""The embedded broker: nobody in without a password, everybody on their own topics, noise turned away."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from tagdock_cloud.access.acl import CLOUD_USER
from tagdock_cloud.access.gateways import add_gateway
from tagdock_cloud.embedded.retained import Kept, Retained
from tagdock_cloud.store.pool import connect
from tagdock_contract import GatewayAddress

Talk = Callable[..., Any]
PASSWORD = "only for tests"
CLOUD_CLIENT = "tagdock-cloud-ingest"


@pytest.fixture(scope="module")
def embedded_broker(lab_broker: Callable[[], Any]) -> Any:
    """One embedded broker in lab mode for all of these tests: none of them ends it."""
    return lab_broker()


@pytest.fixture
def closed_port(run_broker: Callable[..., Any], embedded_broker_port: int) -> int:
    """The port of the embedded broker without lab mode."""
    run_broker(is_open=False)
    return embedded_broker_port


def test_a_registered_gateway_comes_in_with_its_secret_and_nobody_else(
    database: str, closed_port: int, talk: Talk
) -> None:
    with connect(database) as connection:
        secret = add_gateway(connection, GatewayAddress("s1", "g1"))
    assert talk(closed_port, "s1.g1", "s1.g1", secret).code == "Success"
    assert talk(closed_port, "s1.g1", "s1.g1", "wrong").code == "Bad user name or password"
    assert talk(closed_port, "s1.g2", "s1.g2", secret).code == "Bad user name or password"
    assert talk(closed_port, "s1.g2", "s1.g1", secret).code == "Client identifier not valid"
    assert talk(closed_port, "nonsense", "nonsense", secret).code == "Client identifier not valid"


@pytest.mark.parametrize(
    ("client_id", "user", "password", "code"),
    [
        pytest.param("s1.g1", "s1.g1", "any", "Success", id="any-gateway"),
        pytest.param(CLOUD_CLIENT, CLOUD_USER, "any", "Bad user name or password", id="not-as-the-cloud"),
        pytest.param(CLOUD_CLIENT, CLOUD_USER, PASSWORD, "Success", id="the-cloud-itself"),
        pytest.param(CLOUD_CLIENT, "s1.g1", "any", "Client identifier not valid", id="not-with-the-clouds-session"),
        pytest.param("s1.g1", CLOUD_USER, PASSWORD, "Client identifier not valid", id="the-cloud-not-as-a-gateway"),
    ],
)
def test_lab_mode_lets_any_gateway_in_but_nobody_in_the_clouds_name(
    embedded_broker: Any, talk: Talk, client_id: str, user: str, password: str, code: str
) -> None:
    assert talk(embedded_broker.port, client_id, user, password).code == code


def test_who_is_turned_away_leaves_the_session_it_named_alone(embedded_broker: Any, talk: Talk) -> None:
    cloud = talk(embedded_broker.port, CLOUD_CLIENT, CLOUD_USER, PASSWORD)
    cloud.listen("tagdock/v1/+/+/events")
    for _ in range(3):
        assert talk(embedded_broker.port, CLOUD_CLIENT, CLOUD_USER, "guess").code == "Bad user name or password"
    talk(embedded_broker.port, "s1.g1", "s1.g1", "any").say("tagdock/v1/s1/g1/events", b"still heard")
    cloud.hears(b"still heard")


def test_everybody_keeps_to_their_own_topics(database: str, closed_port: int, talk: Talk) -> None:
    cloud = talk(closed_port, CLOUD_CLIENT, CLOUD_USER, PASSWORD)
    cloud.listen("tagdock/v1/+/+/events", "tagdock/v1/+/+/status")
    first, second = (registered(database, closed_port, talk, name) for name in ("g3", "g4"))
    first.listen("tagdock/v1/s1/g3/ack")
    second.listen("tagdock/v1/s1/g3/ack", "#", "tagdock/v1/s1/+/ack")
    second.say("tagdock/v1/s1/g3/ack", b"forged")
    second.say("tagdock/v1/s1/g3/events", b"forged")
    first.say("tagdock/v1/s1/g3/events", b"mine")
    cloud.say("tagdock/v1/s1/g3/ack", b"for g3 alone")
    first.hears(b"for g3 alone")
    cloud.hears(b"mine")
    assert [payload for _, payload in first.heard + cloud.heard] == [b"for g3 alone", b"mine"]
    assert second.heard == []


ANYBODYS = ("#", "+/#", "tagdock/#", "tagdock/v1/+/+/status", "tagdock/v1/s1/g7/status", "$SYS/#", "$SYS/broker/#")


@pytest.mark.parametrize("is_known", [pytest.param(False, id="the-first-time"), pytest.param(True, id="coming-back")])
def test_a_gateway_is_told_nothing_that_others_left_behind(
    database: str, closed_port: int, talk: Talk, is_known: bool
) -> None:
    cloud = talk(closed_port, CLOUD_CLIENT, CLOUD_USER, PASSWORD)
    cloud.listen("tagdock/v1/+/+/events", "tagdock/v1/+/+/status")
    other = registered(database, closed_port, talk, "g7")
    other.listen("tagdock/v1/s1/g7/ack")
    other.leave("tagdock/v1/s1/g7/status", b"how g7 is")
    cloud.hears(b"how g7 is")
    cloud.leave("tagdock/v1/s1/g8/ack", b"kept for g8")
    cloud.leave("tagdock/v1/s1/g7/ack", b"for g7 alone")
    other.hears(b"for g7 alone")
    with connect(database) as connection:
        secret = add_gateway(connection, GatewayAddress("s1", "g8"))
    if is_known:
        before = talk(closed_port, "s1.g8", "s1.g8", secret, None, True)
        before.listen("tagdock/v1/s1/g8/ack")
        before.hears(b"kept for g8")
        before.close()
    curious = talk(closed_port, "s1.g8", "s1.g8", secret, None, True)
    curious.listen(*ANYBODYS)
    curious.listen("tagdock/v1/s1/g8/ack")
    curious.hears(b"kept for g8")
    cloud.say("tagdock/v1/s1/g8/ack", b"the last")
    curious.hears(b"the last")
    assert [payload for _, payload in curious.heard] == [b"kept for g8", b"the last"]


def test_what_was_left_behind_is_told_to_whom_subscribes_until_it_is_taken_back(
    database: str, closed_port: int, talk: Talk
) -> None:
    witness = talk(closed_port, f"{CLOUD_CLIENT}-2", CLOUD_USER, PASSWORD)
    witness.listen("tagdock/v1/+/+/status")
    first, second = (registered(database, closed_port, talk, name) for name in ("g9", "g10"))
    first.leave("tagdock/v1/s1/g9/status", b"an old one")
    first.leave("tagdock/v1/s1/g9/status", b"g9 is well")
    second.leave("tagdock/v1/s1/g10/status", b"g10 is well")
    second.leave("tagdock/v1/s1/g10/status", b"")
    for payload in (b"g9 is well", b""):
        witness.hears(payload)
    cloud = talk(closed_port, CLOUD_CLIENT, CLOUD_USER, PASSWORD)
    cloud.listen("tagdock/v1/+/+/status")
    cloud.hears(b"g9 is well")
    second.say("tagdock/v1/s1/g10/status", b"the last")
    cloud.hears(b"the last")
    assert [payload for _, payload in cloud.heard] == [b"g9 is well", b"the last"]


def test_what_is_left_behind_is_bounded_and_the_oldest_goes_first() -> None:
    retained = Retained(most_topics=3, most_bytes=10)
    for topic in ("a/1", "a/2", "a/3", "a/1", "a/4"):
        retained.keep(Kept(topic, b"12", 1))
    assert [kept.topic for kept in retained.under("#")] == ["a/3", "a/1", "a/4"]
    retained.keep(Kept("a/5", b"12345678", 1))
    assert [kept.topic for kept in retained.under("#")] == ["a/4", "a/5"]


@pytest.mark.parametrize(
    ("topic_filter", "topics"),
    [
        ("a/b", ["a/b"]),
        ("a/+", ["a/b", "a/c"]),
        ("a/#", ["a", "a/b", "a/b/c", "a/c"]),
        ("+/b/#", ["a/b", "a/b/c"]),
        ("+", ["a"]),
        ("#", ["a", "a/b", "a/b/c", "a/c"]),
        ("$SYS/#", ["$SYS/x"]),
        ("+/x", []),
        ("a/b/c/+", []),
    ],
)
def test_a_filter_finds_what_mqtt_says(topic_filter: str, topics: list[str]) -> None:
    retained = Retained()
    for topic in ("a", "a/b", "a/b/c", "a/c", "$SYS/x"):
        retained.keep(Kept(topic, b"x", 1))
    assert [kept.topic for kept in retained.under(topic_filter)] == topics


def test_a_will_for_somebody_elses_topic_is_turned_away(database: str, closed_port: int, talk: Talk) -> None:
    forger = registered(database, closed_port, talk, "g5", "tagdock/v1/s1/g1/status")
    assert forger.code == "Not authorized"


def test_lab_mode_hears_any_client_on_any_gateways_topics_but_lets_none_acknowledge(
    embedded_broker: Any, talk: Talk
) -> None:
    cloud = talk(embedded_broker.port, CLOUD_CLIENT, CLOUD_USER, PASSWORD)
    cloud.listen("tagdock/v1/+/+/events")
    stranger = talk(embedded_broker.port, "a laptop", None, None)
    stranger.listen("tagdock/v1/+/+/ack")
    stranger.say("tagdock/v1/s9/g9/ack", b"forged")
    stranger.say("tagdock/v1/s9/g9/events", b"from a laptop")
    cloud.hears(b"from a laptop")
    cloud.say("tagdock/v1/s9/g9/ack", b"committed")
    stranger.hears(b"committed")
    assert [payload for _, payload in stranger.heard] == [b"committed"]
    assert talk(embedded_broker.port, "another", None, None, "tagdock/v1/s1/g1/ack").code == "Not authorized"


def registered(database: str, port: int, talk: Talk, gateway: str, will: str | None = None) -> Any:
    """Register a gateway of site s1 and connect as it."""
    with connect(database) as connection:
        secret = add_gateway(connection, GatewayAddress("s1", gateway))
    return talk(port, f"s1.{gateway}", f"s1.{gateway}", secret, will)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
        pytest.param(b"\x10\xff\xff\xff\x7f", id="a-connect-of-256-megabytes"),
        pytest.param(b"\x10\xff\xff\xff\xff\xff", id="a-length-without-end"),
        pytest.param(b"\x10\x04\x00\x04MQ", id="a-connect-that-is-cut"),
        pytest.param(b"\x10\x0c\x00\x04MQTT\x04\xc2\x00\x3c\x00\x00", id="a-connect-without-what-it-says-it-has"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_noise_is_turned_away_and_the_broker_goes_on(embedded_broker: Any, talk: Talk, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", embedded_broker.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert talk(embedded_broker.port, "s1.g1", "s1.g1", "any").code == "Success"


def test_a_packet_beyond_all_bounds_ends_its_connection_only(embedded_broker: Any, talk: Talk) -> None:
    talker = talk(embedded_broker.port, "s1.g1", "s1.g1", "any")
    other = talk(embedded_broker.port, "s1.g2", "s1.g2", "any")
    talker.shout(b"\x32\xff\xff\xff\x7f\x00\x01t\x00\x01" + b"x" * 1000)
    talker.is_cut_off()
    other.say("tagdock/v1/s1/g2/events", b"unharmed")


def test_in_lab_mode_anybody_speaks_as_a_bin_sensor_and_hears_them_but_nothing_else(
    embedded_broker: Any, talk: Talk
) -> None:
    gateway = talk(embedded_broker.port, "s1.lab-sensors", "s1.lab-sensors", "any")
    gateway.listen("bins/a-01-1", "elsewhere/#")
    sensor = talk(embedded_broker.port, "bins-1", "", "")
    sensor.say("elsewhere/a-01-1", b"stray")
    sensor.say("bins/a-01-1", b"12 kg")
    gateway.hears(b"12 kg")
    assert [payload for _, payload in gateway.heard] == [b"12 kg"]
