"""Allocation, transfers, shipments and runs over many sites."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
