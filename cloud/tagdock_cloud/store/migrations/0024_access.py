"""Who may do what: users, roles limited to sites, tokens with an end, and the audit."""

from tagdock_cloud.store.migrate import run_sql_beside

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the statements of the .sql file of the same name."""
    run_sql_beside(__file__)
