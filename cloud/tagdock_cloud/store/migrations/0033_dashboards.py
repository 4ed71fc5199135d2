"""Views for the dashboards beyond the dock: sensors, limits, how full bins are, who is behind."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
