"""Door sessions: goods expected against goods seen; corrections of what was seen by mistake."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
