import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_contract import Channel, ContractError, GatewayAddress, parse_topic, subscription

names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
BAD_NAMES = ["", "a/b", "+", "#", "a.b", "a b", "a\n", "\x00", "\ud800", "ü", "x" * 65]


@given(names, names, st.sampled_from(["events", "ack", "status"]))
def test_a_topic_is_parsed_back_to_what_it_was_built_from(site: str, gateway: str, channel: Channel) -> None:
    address = GatewayAddress(site, gateway)
    assert parse_topic(address.topic(channel)) == (address, channel)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_would_break_a_topic_is_refused_by_field(name: str) -> None:
    with pytest.raises(ContractError, match=r"^site: "):
        GatewayAddress(name, "gw-1")
    with pytest.raises(ContractError, match=r"^gateway: "):
        GatewayAddress("s", name)
    if name != "+":
        with pytest.raises(ContractError, match=r"^site: "):
            subscription("events", site=name)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "tagdock/v2/s/g/events",
        "tagdock/v1/s/g",
        "tagdock/v1/s/g/events/x",
        "tagdock/v1/s/g/orders",
        "/tagdock/v1/s/g/ack",
    ]
    + [f"tagdock/v1/{name}/g/events" for name in BAD_NAMES],
)
def test_a_topic_that_is_not_ours_is_refused(topic: str) -> None:
    with pytest.raises(ContractError, match=r"^topic: "):
        parse_topic(topic)


def test_filters_and_client_ids() -> None:
    assert subscription("events") == "tagdock/v1/+/+/events"
    assert subscription("status", site="s") == "tagdock/v1/s/+/status"
    assert GatewayAddress("hangzhou-1", "gw-1").client_id == "hangzhou-1.gw-1"


@given(names, names, names, names)
def test_two_gateways_never_share_a_client_id(site: str, gateway: str, other_site: str, other_gateway: str) -> None:
    one, other = GatewayAddress(site, gateway), GatewayAddress(other_site, other_gateway)
    assert (one.client_id == other.client_id) == (one == other)
