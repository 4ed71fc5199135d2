"""No statement of ours is compiled: that takes seconds, and gains none."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0038"
down_revision = "0036"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
