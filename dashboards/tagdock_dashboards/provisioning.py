"""Provisioning files: what a Grafana in a container reads at start.

Whatever differs between installations, secrets first, stays a variable of Grafana's environment. None has a default
here: without it the data source fails its health check instead of trying a well-known password.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tagdock_dashboards.errors import ConfigurationError
from tagdock_dashboards.pieces.query import DATA_SOURCE_TYPE, DATA_SOURCE_UID

FOLDER = "Tagdock"
FOLDER_UID = "tagdock"
DASHBOARDS_PATH = "/var/lib/grafana/dashboards"
"""Where the container finds the generated JSON."""

ENVIRONMENT = ("GRAFANA_DB_ADDRESS", "GRAFANA_DB_NAME", "GRAFANA_DB_USER", "GRAFANA_DB_PASSWORD", "GRAFANA_DB_SSLMODE")
"""The variables that the data source file takes from Grafana's environment; the address is `host:port`."""

HEADER = "# Written by `tagdock-dashboards build`; changes belong into tagdock_dashboards/provisioning.py.\n"


def connection(*, timescaledb: bool, database: str, sslmode: str) -> dict[str, Any]:
    """Return the data source's settings (`jsonData`). `timescaledb` turns $__timeGroup into time_bucket."""
    return {
        "connMaxLifetime": 14400,
        "database": database,
        "maxIdleConns": 4,
        "maxOpenConns": 8,
        "postgresVersion": 1500,
        "sslmode": sslmode,
        "timescaledb": timescaledb,
    }


def data_source(*, timescaledb: bool) -> str:
    """Write the data source's file; the password comes from Grafana's environment."""
    settings = connection(timescaledb=timescaledb, database="$GRAFANA_DB_NAME", sslmode="$GRAFANA_DB_SSLMODE")
    lines = "\n".join(f"      {key}: {_scalar(value)}" for key, value in settings.items())
    return (
        f"{HEADER}apiVersion: 1\n"
        "datasources:\n"
        "  - name: Tagdock\n"
        f"    uid: {DATA_SOURCE_UID}\n"
        f"    type: {DATA_SOURCE_TYPE}\n"
        "    access: proxy\n"
        "    url: $GRAFANA_DB_ADDRESS\n"
        "    user: $GRAFANA_DB_USER\n"
        "    editable: false\n"
        f"    jsonData:\n{lines}\n"
        "    secureJsonData:\n"
        "      password: $GRAFANA_DB_PASSWORD\n"
    )


def provider() -> str:
    """Write the dashboards' file: read-only in Grafana, since the source is here."""
    return (
        f"{HEADER}apiVersion: 1\n"
        "providers:\n"
        "  - name: tagdock\n"
        "    type: file\n"
        f"    folder: {FOLDER}\n"
        f"    folderUid: {FOLDER_UID}\n"
        "    disableDeletion: true\n"
        "    allowUiUpdates: false\n"
        "    updateIntervalSeconds: 30\n"
        "    options:\n"
        f"      path: {DASHBOARDS_PATH}\n"
    )


def api_data_source(url: str, password: str, *, timescaledb: bool) -> dict[str, Any]:
    """Describe the data source to Grafana's API, from `postgresql://user@host:port/name?sslmode=require`.

    Raises ConfigurationError on an address that lacks a part, or that holds the password in sight.
    """
    parts = urlsplit(url)
    if parts.password is not None:
        raise ConfigurationError("--data-source shows its password; put that into a file: --data-source-password-file")
    database = parts.path.strip("/")
    if parts.scheme not in ("postgresql", "postgres") or not (parts.hostname and parts.username and database):
        raise ConfigurationError(f"{url!r} is no database address; write postgresql://user@host:5432/name")
    sslmode = parse_qs(parts.query).get("sslmode", ["require"])[0]
    return {
        "uid": DATA_SOURCE_UID,
        "name": FOLDER,
        "type": DATA_SOURCE_TYPE,
        "access": "proxy",
        "url": f"{parts.hostname}:{parts.port or 5432}",
        "user": unquote(parts.username),
        "jsonData": connection(timescaledb=timescaledb, database=unquote(database), sslmode=sslmode),
        "secureJsonData": {"password": password},
    }


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
