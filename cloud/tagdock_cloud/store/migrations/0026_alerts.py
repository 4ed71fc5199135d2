"""Alerts, the rules that raise them, and webhooks."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
