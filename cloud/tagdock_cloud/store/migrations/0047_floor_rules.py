"""Put-away, picks and packing open by themselves where a site wants it."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
