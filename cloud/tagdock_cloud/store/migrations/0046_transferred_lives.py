"""Items that have a life arrive by a transfer as what they were."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
