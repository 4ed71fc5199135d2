"""What EPCIS needs to know of places and of what it told."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
