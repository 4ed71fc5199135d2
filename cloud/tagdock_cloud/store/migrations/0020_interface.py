"""What the HTTP interface needs: repeatable answers, the layout a plan was made for, all sites in one view."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0020"
down_revision = "0007"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
