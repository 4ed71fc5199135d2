"""The record: what gateways reported, as it came, never changed afterwards."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
