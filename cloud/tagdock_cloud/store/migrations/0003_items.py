"""Projections: what follows from the record and can be rebuilt from it."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
