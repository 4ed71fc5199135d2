"""The job queue's own schema, as the library ships it; slotting's worker takes plans from it."""

import hashlib

from procrastinate.schema import SchemaManager
from tagdock_cloud.store.migrate import run_sql

revision = "0007"
down_revision = "0006"

SCHEMA_SHA256 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""Of procrastinate 3.10. A release with another schema needs a migration of ours, or databases will differ."""


def upgrade() -> None:
    """Install the schema. Raises RuntimeError where the installed library brings another one than was pinned."""
    schema = SchemaManager.get_schema()
    if hashlib.sha256(schema.encode()).hexdigest() != SCHEMA_SHA256:
        raise RuntimeError("the installed procrastinate has another schema than 3.10: install procrastinate 3.10")
    run_sql(schema)
