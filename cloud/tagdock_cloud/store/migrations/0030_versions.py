"""Versions of what callers change, and corrected figures."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
