"""Tasks can be followed as they change."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0035"
down_revision = "0033"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
