"""Cases of returns, and their inspections."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
