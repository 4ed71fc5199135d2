"""The floor and the goods: what a site is made of and what may stand in it."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
