"""Provisioning files as Grafana will read them."""

import re
from typing import Any

import pytest
import yaml
from tagdock_dashboards import build, provisioning
from tagdock_dashboards.errors import ConfigurationError


def test_the_data_source_is_the_one_that_panels_name() -> None:
    (source,) = yaml.safe_load(provisioning.data_source(timescaledb=True))["datasources"]
    panels = build.dashboards()["dock"]["panels"]
    named = {
        (target["datasource"]["uid"], target["datasource"]["type"]) for p in panels for target in p.get("targets", [])
    }
    assert named == {(source["uid"], source["type"])}


@pytest.mark.parametrize("timescaledb", [True, False])
def test_timescaledb_is_said_to_grafana(timescaledb: bool) -> None:
    (source,) = yaml.safe_load(provisioning.data_source(timescaledb=timescaledb))["datasources"]
    assert source["jsonData"]["timescaledb"] is timescaledb


def test_every_secret_comes_from_the_environment_without_a_default() -> None:
    text = provisioning.data_source(timescaledb=True)
    (source,) = yaml.safe_load(text)["datasources"]
    assert source["secureJsonData"] == {"password": "$GRAFANA_DB_PASSWORD"}
    assert set(re.findall(r"\$(\w+)", text)) == set(provisioning.ENVIRONMENT)
    assert ":-" not in text


def test_dashboards_are_read_only_in_grafana() -> None:
    (provider,) = yaml.safe_load(provisioning.provider())["providers"]
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)
    assert (provider["folderUid"], provider["options"]["path"]) == ("tagdock", "/var/lib/grafana/dashboards")


def test_a_data_source_for_the_api() -> None:
    made = provisioning.api_data_source(
        "postgresql://gra%40f@db:6432/tag%20dock?sslmode=verify-full", "s", timescaledb=True
    )
    assert (made["url"], made["user"], made["jsonData"]["database"]) == ("db:6432", "gra@f", "tag dock")
    assert (made["jsonData"]["sslmode"], made["secureJsonData"]) == ("verify-full", {"password": "s"})


def test_the_way_to_the_database_is_encrypted_unless_said_otherwise() -> None:
    made: dict[str, Any] = provisioning.api_data_source("postgresql://u@db/x", "s", timescaledb=True)
    assert (made["url"], made["jsonData"]["sslmode"]) == ("db:5432", "require")


@pytest.mark.parametrize(
    "url", ["db:5432", "postgresql://db/x", "postgresql://u@/x", "postgresql://u@db", "http://u@db/x"]
)
def test_an_address_that_lacks_a_part(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no database address"):
        provisioning.api_data_source(url, "s", timescaledb=True)


def test_a_password_in_sight_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="password") as caught:
        provisioning.api_data_source("postgresql://u:hunter2@db/x", "s", timescaledb=True)
    assert "hunter2" not in str(caught.value)
