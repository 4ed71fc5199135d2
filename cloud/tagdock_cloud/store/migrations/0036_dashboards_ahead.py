"""What dashboards read over long periods, counted ahead."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
