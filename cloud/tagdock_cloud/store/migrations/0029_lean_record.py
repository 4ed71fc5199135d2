"""A movement that costs the database less."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
