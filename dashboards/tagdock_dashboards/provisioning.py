"""Provisioning files: what a Grafana in a container reads at start.

Whatever differs between installations, secrets first, stays a variable of Grafana's environment. None has a default
here: without it the data source fails its health check instead of trying a well-known password.
"""

from typing import Any

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


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
