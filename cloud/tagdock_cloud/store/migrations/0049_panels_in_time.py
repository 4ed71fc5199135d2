"""Views that dashboards read answer by what is there now, not by all that ever was."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
