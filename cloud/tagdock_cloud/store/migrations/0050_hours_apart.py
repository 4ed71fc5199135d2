"""Each writer of an ingest program counts passages by hour for itself."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
