"""Stock policy, forecasts and counts."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
