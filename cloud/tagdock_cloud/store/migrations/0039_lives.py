"""The life of each item: its steps, and where it stands."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
