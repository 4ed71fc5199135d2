"""Limits of a SKU in one zone, and proposals to refill it from the rest of the house."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
