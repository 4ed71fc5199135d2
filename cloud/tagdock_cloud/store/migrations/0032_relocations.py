"""Approved plans become tasks that reads confirm."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
