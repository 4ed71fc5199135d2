"""What comes late opens the weeks in which its item moved, where the record is compressed."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
