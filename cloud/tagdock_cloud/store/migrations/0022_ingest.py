"""What makes ingest fast: staging, indexes and projections that move by the group."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
