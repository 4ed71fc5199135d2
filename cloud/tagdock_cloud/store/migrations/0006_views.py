"""The second contract: views that Grafana, slotting and integrators read. They only ever gain columns."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
