"""Look an item up by its tag's hex, whatever the scheme."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
