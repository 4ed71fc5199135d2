"""What the record of movements still needs."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
