"""Shares of the sites: every site has one taker, and all programs agree which."""

import pytest
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.ingest.shares import Share, check_group, parse_share, shared_topics, topics_of

SITES = [f"site-{number}" for number in range(200)]


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_every_site_belongs_to_one_share_and_no_share_starves(count: int) -> None:
    held = [[site for site in SITES if Share(number, count).holds(site)] for number in range(1, count + 1)]
    assert sorted(site for sites in held for site in sites) == sorted(SITES)
    assert min(map(len, held)) > len(SITES) / count / 2


def test_the_same_site_goes_to_the_same_share_for_ever() -> None:
    assert [Share(1, 2).holds(site) for site in ("hangzhou-1", "s1", "s2", "s3")] == [False, False, True, True]


def test_a_share_listens_to_its_own_sites_only() -> None:
    assert topics_of(Share(1, 2), ["s1", "s3", "s3"]) == ("tagdock/v1/s3/+/events", "tagdock/v1/s3/+/status")


def test_a_group_shares_events_and_hears_every_status() -> None:
    assert shared_topics("cloud") == ("$share/cloud/tagdock/v1/+/+/events", "tagdock/v1/+/+/status")


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1/1000", "1/2\n"])
def test_what_is_no_share_is_bad_usage(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--share must look like 2/4"):
        parse_share(text)


def test_a_group_has_a_plain_name() -> None:
    assert check_group("cloud-1") == "cloud-1"
    with pytest.raises(ConfigurationError, match="--shared-group"):
        check_group("a/b")
