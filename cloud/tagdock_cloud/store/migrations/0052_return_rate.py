"""The return rate is told in units: what came back, by what left."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
