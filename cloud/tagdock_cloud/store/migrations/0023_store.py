"""How the record is kept: partitions made ahead, retention, compression."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
