"""EPCIS 2.0: captured events, capture jobs, subscriptions."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
