"""What a house is judged by, in views that dashboards and reports both read; and the reports."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
