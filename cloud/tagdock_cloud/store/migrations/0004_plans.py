"""Plans: asked for by planners, worked out by slotting, approved into moves."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
