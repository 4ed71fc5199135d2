"""Where news may be sent, and how an address is shown."""

from ipaddress import ip_address

import pytest
from tagdock_cloud.webhooks.targets import check_url, is_reachable, kind_of, shown, with_host


@pytest.mark.parametrize(
    ("url", "kind", "seen"),
    [
        pytest.param("https://erp.example/hook?key=geheim", "http", "https://erp.example/…", id="path-hidden"),
        pytest.param("https://erp.example", "http", "https://erp.example", id="bare"),
        pytest.param("https://93.184.215.14:8443/", "http", "https://93.184.215.14:8443/", id="address-and-port"),
        pytest.param(
            "mailtos://bob:geheim@mail.example:465?from=a@b.example&to=c@d.example",
            "mail", "mailtos://…@mail.example:465/…", id="mail",
        ),
        pytest.param("mailto://10.0.0.5?from=a@b.example&to=c@d.example", "mail", "mailto://10.0.0.5/…", id="relay"),
        pytest.param("mqtts://u:geheim@broker.example/alerts/x", "mqtt", "mqtts://…@broker.example/…", id="mqtt"),
    ],
)  # fmt: skip
def test_an_address_is_taken_and_shown_without_its_secrets(url: str, kind: str, seen: str) -> None:
    assert check_url(url, is_private_allowed=False) == url
    assert kind_of(url) == kind
    assert shown(url) == seen and "geheim" not in shown(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("http://erp.example/", "plain http needs --private-webhooks", id="no-tls"),
        pytest.param("https://127.0.0.1/", "private or reserved", id="loopback"),
        pytest.param("https://[::1]/", "private or reserved", id="loopback-6"),
        pytest.param("https://10.1.2.3/", "private or reserved", id="private"),
        pytest.param("https://169.254.169.254/latest/meta-data", "private or reserved", id="cloud-metadata"),
        pytest.param("https://[::ffff:10.0.0.1]/", "private or reserved", id="private-in-ipv6"),
        pytest.param("https://u:geheim@erp.example/", "neither user nor password", id="user-in-url"),
        pytest.param("ftp://erp.example/geheim", "must begin with https://", id="other-scheme"),
        pytest.param("json://erp.example/geheim", "must begin with https://", id="other-plugin-of-the-library"),
        pytest.param("https:///geheim", "must name a host", id="no-host"),
        pytest.param("https://a b/geheim", "without spaces", id="space"),
        pytest.param("https://a\r\nX: geheim/", "printable ASCII", id="line-break"),
        pytest.param("https://erp.example:99999/geheim", "is no URL", id="no-port"),
        pytest.param("https://" + "a" * 2000, "at most 2000", id="too-long"),
        pytest.param("mailto://mail.example?from=a@b.example", "who gets the mail", id="mail-to-nobody"),
        pytest.param("mailto://u@mail.example?attach=/etc/passwd", "settings that are not known", id="files"),
        pytest.param("mqtt://broker.example", "must name a topic", id="no-topic"),
        pytest.param("mqtt://broker.example/a/#", "no wildcard", id="wildcard"),
        pytest.param("mqtt://broker.example/tagdock/v1/s/g/ack", "not below tagdock/", id="our-own-topics"),
    ],
)
def test_what_must_not_be_reached_is_refused_without_repeating_it(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        check_url(url, is_private_allowed=False)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        pytest.param("93.184.215.14", True, True, id="public"),
        pytest.param("2606:4700::1111", True, True, id="public-6"),
        pytest.param("127.0.0.1", False, True, id="loopback"),
        pytest.param("192.168.1.9", False, True, id="private"),
        pytest.param("fd00::1", False, True, id="unique-local"),
        pytest.param("::ffff:192.168.1.9", False, True, id="mapped-private"),
        pytest.param("64:ff9b::a00:1", False, True, id="nat64-private"),
        pytest.param("2002:a00:1::", False, True, id="6to4-private"),
        pytest.param("169.254.169.254", False, False, id="link-local"),
        pytest.param("fe80::1", False, False, id="link-local-6"),
        pytest.param("::ffff:169.254.169.254", False, False, id="mapped-link-local"),
        pytest.param("0.0.0.0", False, False, id="unspecified"),
        pytest.param("224.0.0.1", False, False, id="multicast"),
        pytest.param("255.255.255.255", False, False, id="broadcast"),
        pytest.param("100.64.0.1", False, False, id="carrier-grade-nat"),
    ],
)
def test_which_addresses_can_be_reached(address: str, public: bool, private: bool) -> None:
    assert is_reachable(ip_address(address), is_private_allowed=False) is public
    assert is_reachable(ip_address(address), is_private_allowed=True) is private


def test_a_request_goes_to_the_address_that_was_looked_at_under_its_own_name() -> None:
    url = "https://erp.example:8443/hook?x=1"
    assert with_host(url, ip_address("1.2.3.4")) == ("https://1.2.3.4:8443/hook?x=1", "erp.example:8443", "erp.example")
    assert with_host("https://erp.example", ip_address("2001:db8::1"))[0] == "https://[2001:db8::1]/"
