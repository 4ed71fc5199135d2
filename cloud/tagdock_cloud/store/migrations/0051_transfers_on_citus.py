"""What comes back by a transfer is followed on Citus, too."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
