"""What the command line makes of addresses."""

from pathlib import Path

import pytest
from tagdock_cloud.config import BrokerAddress, IngestConfig, check_open, parse_broker
from tagdock_cloud.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        pytest.param("mqtt://h", BrokerAddress("h", 1883), id="host-alone"),
        pytest.param("mqtts://h", BrokerAddress("h", 8883, has_tls=True), id="tls"),
        pytest.param("mqtt://u:p%40@h:99/", BrokerAddress("h", 99, user="u", password="p@"), id="everything"),
        pytest.param("mqtt://[::1]:99", BrokerAddress("::1", 99), id="ipv6"),
    ],
)
def test_reads_broker_addresses_and_writes_them_back(url: str, address: BrokerAddress) -> None:
    assert parse_broker(url) == address
    assert parse_broker(address.url) == address
    assert "p@" not in repr(address) + address.shown and "p%40" not in address.shown


@pytest.mark.parametrize(
    "url",
    ["", "h:1883", "http://h", "mqtt://", "mqtt://h:port", "mqtt://h:99999", "mqtt://u:geheim@h/topic", "mqtt://[::1"],
)
def test_refuses_what_is_no_broker_address_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--broker must look like") as raised:
        parse_broker(url)
    assert "geheim" not in str(raised.value)


def test_a_missing_ca_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match="--broker-ca /none"):
        parse_broker("mqtts://h", Path("/none"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_lab_mode_listens_on_loopback(host: str) -> None:
    check_open(host, is_open=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", ""])
def test_lab_mode_listens_nowhere_else(host: str) -> None:
    check_open(host, is_open=False)
    with pytest.raises(ConfigurationError, match="loopback only"):
        check_open(host, is_open=True)


def test_no_configuration_shows_its_passwords() -> None:
    config = IngestConfig("postgresql://u:geheim@h/x", BrokerAddress("h", 1, password="geheim"))
    assert "geheim" not in repr(config)
